//! `mdfe sweep`: many trainings on the same features.

use super::{
    experiment::Settings,
    shared::{Results, at_least_one},
};
use clap::Args;
use mdfe_train::sweep::Axis;
use std::path::PathBuf;

/// What stands below the help of the command.
const AFTER_HELP: &str = "\
A run that is finished is used again, one that is not goes on: the same command after a stop or a failure does what is left.
A combination that does not fit, such as a margin for a loss without one, is skipped with the reason.
DIR gets sweep.md, sweep.csv, sweep.json and sweep.svg, and a run folder for each run below DIR/runs.";

#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Sweep {
    /// Experiment file, or a file with a `[sweep]` section; the built-in demo without it.
    #[arg(value_name = "CONFIG", conflicts_with = "data")]
    pub(crate) config: Option<PathBuf>,
    /// A key and the values that it takes in turn, `loss.name=ArcFace,AdaFace`; repeated, every value meets every other. A list as a value stands
    /// in brackets: `KEY=[8,16],[64]`.
    #[arg(long = "grid", value_name = "KEY=VALUES")]
    pub(crate) grid: Vec<Axis>,
    /// Runs of each combination, with `train.seed` and the seeds after it; 1 unless the file says otherwise.
    #[arg(long, value_name = "N", value_parser = at_least_one())]
    pub(crate) seeds: Option<usize>,
    /// Runs at the same time; as many as cores and free memory allow by default.
    #[arg(long, value_name = "N", value_parser = at_least_one())]
    pub(crate) jobs: Option<usize>,
    /// Folder of the sweep; `runs/FILE` for a file with a `[sweep]` section, `runs/NAME-sweep` otherwise.
    #[arg(long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
    /// Remove the runs that are there and begin again.
    #[arg(long)]
    pub(crate) overwrite: bool,
    /// Only print what would run, and what would be skipped.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Instead of a config: an image folder (one folder per class) or a CSV with `path,label[,domain]`.
    #[arg(long, value_name = "DIR|CSV")]
    pub(crate) data: Option<PathBuf>,
    /// Query set with --data: a folder or CSV; without it a part of the data is held out (`eval.seed`).
    #[arg(long, value_name = "DIR|CSV", requires = "data")]
    pub(crate) query: Option<PathBuf>,
    /// Index set with --data; the query set itself without it (leave one out).
    #[arg(long, value_name = "DIR|CSV", requires = "query")]
    pub(crate) index: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) settings: Settings,
    #[command(flatten)]
    pub(crate) results: Results,
}
