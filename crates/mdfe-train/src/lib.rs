#![doc = include_str!("../README.md")]

mod checkpoint;
mod config;
mod error;
mod evaluate;
mod files;
mod linear;
mod matmul;
mod observer;
mod optim;
pub mod pipeline;
mod plan;
mod random;
mod recipe;
mod records;
mod run_log;
pub mod runs;
mod schedule;
mod source;
pub mod sweep;
mod trainer;

pub use checkpoint::Checkpoints;
pub use config::{
    BackboneConfig, ConfigKey, DataConfig, Dtype, EvalConfig, EvalSet, Experiment, SetConfig,
    TransformConfig, config_keys,
};
pub use error::{Error, Result};
pub use evaluate::{Comparison, Scored, compare};
pub use linear::{Linear, dropout};
pub use observer::{Observer, Scalar, StepReport, Watch};
pub use optim::{Moments, OptimizerKind, OptimizerOptions, ParameterMoments, UpdateRule};
pub use plan::{Counts, Plan};
pub use recipe::{LossConfig, ProjectionKind, ProjectionOptions, Recipe, TrainOptions};
pub use run_log::RunLog;
pub use schedule::{Course, Schedule, ScheduleKind, Warmup};
pub use source::{FeatureSource, JoinedFeatures, MemoryFeatures};
pub use trainer::{Outcome, TrainState, Trainer};
