#![doc = include_str!("../README.md")]

mod checkpoint;
mod config;
mod encoder;
mod error;
mod evaluate;
mod files;
mod matmul;
mod observer;
mod optim;
mod params;
pub mod pipeline;
mod plan;
mod projection;
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
    BackboneConfig, ConfigKey, DataConfig, Dtype, EvalConfig, EvalSet, Experiment, ImportedConfig, LeftKey,
    SetConfig, TransformConfig, TuneKind, config_keys, import_python_config,
};
pub use encoder::{Encoder, FrozenBackbone, Identity, TuneOptions, TunedBackbone};
pub use error::{Error, Result};
pub use evaluate::{Comparison, Scored, compare};
pub use observer::{Observer, Scalar, StepReport, Watch};
pub use optim::{GroupOptions, Moments, OptimizerKind, OptimizerOptions, UpdateRule};
pub use params::{Group, Param};
pub use plan::{Counts, Plan};
pub use projection::{Pca, dropout};
pub use recipe::{
    LossConfig, ProjectionKind, ProjectionOptions, Recipe, SamplerKind, TrainOptions, ValidOptions,
};
pub use run_log::RunLog;
pub use schedule::{Course, CurvePoint, LearningRates, Schedule, ScheduleKind, Warmup};
pub use source::{Facts, ImageSet, ImageSource, MemoryFeatures, Pass, Samples, Sink, Source, StoredFeatures};
pub use trainer::{BestScore, Outcome, StepTimes, TrainState, Trainer, ValidState};
