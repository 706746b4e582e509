//! Experiments: what the user writes in a TOML file and overrides with `--set`, and what it means.
//!
//! A key is declared once, as a field of its section ([`section`]): type, range, default and meaning. Checks, messages, serde and
//! [`config_keys`] follow from there.

mod alternatives;
mod backbone;
mod check;
mod choices;
mod data;
mod experiment;
mod fields;
mod import;
mod keys;
mod load;
mod merge;
mod section;
mod set;
mod stages;
mod takes;

pub use backbone::{BackboneConfig, Dtype, TuneKind};
pub use data::{DataConfig, EvalSet, SetConfig};
pub use experiment::{EvalConfig, Experiment, TransformConfig};
pub use import::{ImportedConfig, LeftKey, import_python_config};
pub use keys::{ConfigKey, config_keys};

pub(crate) use check::check;
pub(crate) use choices::{Choice, choices, reads};
pub(crate) use fields::fields_of;
pub(crate) use section::{Field, section};
pub(crate) use takes::{Names, Range, Takes};
