#![doc = include_str!("../README.md")]

mod batch;
mod blocked;
mod centers;
mod draw;
mod error;
mod fused;
mod inference;
mod kernel;
mod losses;
mod op;
mod sampling;
mod unfused;
mod update;

pub use batch::Batch;
pub use blocked::BlockedLoss;
pub use centers::CenterShape;
pub use error::{Error, Result};
pub use fused::{FusedStep, Gradients, StepOutput};
pub use inference::{CenterMatch, Centers};
pub use losses::*;
pub use mdfe_simd::Level;
pub use op::MarginSoftmax;
pub use sampling::ClassSample;
pub use unfused::unfused_loss;
pub use update::CenterUpdate;
