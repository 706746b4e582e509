//! Faults of data sets are found, and the list of them is one that readers leave out.

// Helpers of a test may fail as loudly as the test itself.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod faults;
mod phash;
