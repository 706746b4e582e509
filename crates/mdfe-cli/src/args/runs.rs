//! `mdfe runs`: run folders, looked at afterwards.

use super::shared::Results;
use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Subcommand)]
pub(crate) enum Runs {
    /// List the runs below a folder, the newest first: state, backbone, loss and scores.
    List(RunsList),
    /// Show a run: its config, scores, speed and files.
    Show(RunsShow),
    /// Compare two runs: only what differs in config, data, scores and speed.
    Diff(RunsDiff),
}

#[derive(Args)]
pub(crate) struct RunsList {
    /// Folder of the runs; `runs` without it.
    #[arg(value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) results: Results,
}

#[derive(Args)]
pub(crate) struct RunsShow {
    /// A run folder.
    #[arg(value_name = "RUN")]
    pub(crate) run: PathBuf,
    #[command(flatten)]
    pub(crate) results: Results,
}

#[derive(Args)]
pub(crate) struct RunsDiff {
    /// A run folder.
    #[arg(value_name = "A")]
    pub(crate) a: PathBuf,
    /// Another.
    #[arg(value_name = "B")]
    pub(crate) b: PathBuf,
    #[command(flatten)]
    pub(crate) results: Results,
}
