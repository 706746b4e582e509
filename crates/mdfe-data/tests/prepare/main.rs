//! Preparation of miniature trees: what is made, what is skipped, and that a killed run goes on.

// Helpers of a test may fail as loudly as the test itself.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod changes;
mod crops;
mod lists;
mod preparing;
#[path = "../common/tree.rs"]
mod tree;
