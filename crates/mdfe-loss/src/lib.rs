#![doc = include_str!("../README.md")]

mod batch;
mod blocked;
mod centers;
mod error;
mod fused;
mod inference;
mod kernel;
mod losses;
mod op;
mod options;
mod sampling;
mod state;
mod unfused;
mod update;

pub use batch::Batch;
pub use blocked::BlockedLoss;
pub use centers::CenterShape;
pub use error::{Error, Result};
pub use fused::{FusedStep, Gradients, StepOutput};
pub use inference::{CenterMatch, Centers};
pub use losses::{
    AdaCos, AdaFace, ArcFace, CosFace, CurricularFace, DynamicMargin, LiArcFace, MarginLoss,
    NormalizedSoftmax,
};
pub use op::MarginSoftmax;
pub use options::LossOptions;
pub use sampling::ClassSample;
pub use state::LossState;
pub use unfused::unfused_loss;
pub use update::CenterUpdate;
