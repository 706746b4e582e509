//! `mdfe features`: the spaces of features on disk.

use super::shared::Results;
use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Subcommand)]
pub(crate) enum Features {
    /// List the spaces: backbone, rows, size, last use and the data sets that used them.
    List {
        #[command(flatten)]
        spaces: FeatureSpaces,
        #[command(flatten)]
        results: Results,
    },
    /// Hash every shard again and name those that are damaged.
    Verify {
        #[command(flatten)]
        spaces: FeatureSpaces,
        #[command(flatten)]
        results: Results,
    },
    /// Remove spaces, by name or by age; spaces only grow otherwise.
    Prune(Prune),
}

/// Which spaces are meant.
#[derive(Args)]
pub(crate) struct FeatureSpaces {
    /// Names of spaces, or the first digits of their fingerprints; all of them without one.
    #[arg(value_name = "SPACE")]
    pub(crate) space: Vec<String>,
    /// Folder of the spaces.
    #[arg(long, value_name = "DIR", default_value = "runs/features")]
    pub(crate) features_dir: PathBuf,
}

#[derive(Args)]
pub(crate) struct Prune {
    #[command(flatten)]
    pub(crate) spaces: FeatureSpaces,
    /// Only spaces that nobody has used for this many days.
    #[arg(long, value_name = "DAYS")]
    pub(crate) unused_days: Option<u64>,
    /// Only say what would be removed.
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) results: Results,
}
