//! Every reader on a miniature tree in the data set's real layout; the expected samples are written by hand.

// Helpers of a test may fail as loudly as the test itself.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod any;
mod apparel;
mod cars;
mod combined;
mod food;
mod goods;
mod hostile;
mod reading;
mod registry;
mod show;
#[path = "../common/tree.rs"]
mod tree;
mod uned;
