//! `mdfe config`: the keys of experiments, and experiments themselves.

use super::shared::Results;
use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Subcommand)]
pub(crate) enum Config {
    /// List every key of an experiment: what it takes, its default and its meaning.
    Keys {
        #[command(flatten)]
        results: Results,
    },
    /// Show an experiment as it is read: its base below it, overrides on top, every default written out.
    Show(Show),
    /// Turn a YAML config of the method's 2024 Python code (MODEL, DATASET, TRAIN, ...) into an experiment file, and say which keys
    /// could not be carried over.
    #[cfg(feature = "full")]
    Import(Import),
}

#[derive(Args)]
pub(crate) struct Show {
    /// Experiment file.
    #[arg(value_name = "CONFIG")]
    pub(crate) config: PathBuf,
    /// Override of the config, such as `loss.margin=0.4`; may be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    #[command(flatten)]
    pub(crate) results: Results,
}

#[cfg(feature = "full")]
#[derive(Args)]
pub(crate) struct Import {
    /// Config of the Python code.
    #[arg(value_name = "YAML")]
    pub(crate) file: PathBuf,
    /// Experiment file to write, which must not be there yet; without it the experiment is printed.
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) results: Results,
}
