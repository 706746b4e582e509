#![doc = include_str!("../README.md")]

mod batch;
mod centers;
mod error;
mod fused;
mod kernel;
mod losses;
mod options;
mod sampling;
mod state;
mod update;

pub use batch::Batch;
pub use centers::CenterShape;
pub use error::{Error, Result};
pub use fused::{FusedStep, Gradients, StepOutput};
pub use losses::{
    AdaCos, AdaFace, ArcFace, CosFace, CurricularFace, DynamicMargin, LiArcFace, MarginLoss,
    NormalizedSoftmax,
};
pub use options::LossOptions;
pub use sampling::ClassSample;
pub use state::LossState;
pub use update::CenterUpdate;
