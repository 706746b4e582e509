//! Optimizers: plain update rules over slices, with their memory kept apart so that it can be saved.

mod moments;
mod options;
mod rule;

pub use moments::Moments;
pub use options::{OptimizerKind, OptimizerOptions};
pub use rule::UpdateRule;
