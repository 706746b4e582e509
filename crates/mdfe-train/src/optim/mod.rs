//! Optimizers: plain update rules over slices, with their memory kept apart so that it can be saved.
//!
//! Each optimizer is a file; [`OptimizerKind`] has a line for each.

mod adam;
mod adamw;
mod centers;
mod kind;
mod moments;
mod optimizer;
mod options;
mod sgd;
mod sharpness;
mod update;

pub use kind::OptimizerKind;
pub use moments::Moments;
pub use options::{GroupOptions, OptimizerOptions};
pub use update::UpdateRule;
