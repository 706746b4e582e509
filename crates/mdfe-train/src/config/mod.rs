//! Experiments: what the user writes in a TOML file and overrides with `--set`, and what it means.

mod experiment;
mod load;
mod merge;
mod schema;
mod set;

pub use experiment::{
    BackboneConfig, DataConfig, Dtype, EvalConfig, EvalSet, Experiment, SetConfig, TransformConfig,
};
