//! The index against a plain list of rows, and what it does with damage and other processes.
// Helpers of tests may fail as loudly as the tests.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;
mod files;
mod formats;
mod property;
mod queries;
mod writing;
