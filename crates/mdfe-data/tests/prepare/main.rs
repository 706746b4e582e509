//! Preparation of miniature trees: what is made, what is skipped, and that a killed run goes on.

mod crops;
mod lists;
mod tree;
