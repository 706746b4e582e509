//! `mdfe extract`, `mdfe merge` and `mdfe train`: data sets to features, features to an embedder.

use super::{
    model::{BackboneArgs, Compute, Dtype},
    shared::Results,
};
use clap::{Args, ValueEnum};
use std::{path::PathBuf, str::FromStr};

/// What an experiment is read from, and where its features go.
#[derive(Args, Clone)]
pub(crate) struct ExperimentArgs {
    /// Experiment file; the built-in demo without it.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Instead of a config: an image folder (one folder per class, or a metadata.jsonl), a CSV with `path,label[,domain]`, WebDataset tars or
    /// Parquet files with images, also as a pattern such as `x-{000..010}.tar`.
    #[arg(long, value_name = "DIR|CSV|TAR|PARQUET", conflicts_with = "config")]
    pub(crate) data: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) settings: Settings,
}

/// What holds on top of an experiment, and where its features go.
#[derive(Args, Clone)]
pub(crate) struct Settings {
    /// Override of the config, such as `loss.margin=0.4`; may be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    #[command(flatten)]
    pub(crate) backbone: BackboneArgs,
    #[command(flatten)]
    pub(crate) compute: Compute,
    /// Folder of the spaces of features.
    #[arg(long, value_name = "DIR", default_value = "runs/features")]
    pub(crate) features_dir: PathBuf,
    /// Read every image again to know it, instead of trusting size, times and inode.
    #[arg(long)]
    pub(crate) verify: bool,
}

#[derive(Args)]
pub(crate) struct Extract {
    #[command(flatten)]
    pub(crate) experiment: ExperimentArgs,
    /// Number format on disk: that of the config (`backbone.store_dtype`, f32) unless given.
    #[arg(long, value_enum)]
    pub(crate) store_dtype: Option<Dtype>,
    /// Extract only part I of N, counted from 0, such as `0/4`; `mdfe merge` puts the parts together.
    #[arg(long, value_name = "I/N")]
    pub(crate) shard: Option<Part>,
    #[command(flatten)]
    pub(crate) results: Results,
}

/// One of several parts of the same work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// Which one, counted from 0.
    pub(crate) index: usize,
    /// How many there are.
    pub(crate) of: usize,
}

impl FromStr for Part {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let fits =
            |(index, of): (&str, &str)| Some(Self { index: index.parse().ok()?, of: of.parse().ok()? });
        match text.split_once('/').and_then(fits) {
            None => Err("it is written I/N, such as 0/4".to_owned()),
            Some(Self { of: 0, .. }) => Err("there must be at least one part".to_owned()),
            Some(part) if part.index >= part.of => {
                Err(format!("{} parts count from 0 to {}", part.of, part.of - 1))
            }
            Some(part) => Ok(part),
        }
    }
}

#[derive(Args)]
pub(crate) struct Merge {
    /// Folders of the parts: spaces of the same backbone, preprocess record and dtypes.
    #[arg(required = true, value_name = "SPACE")]
    pub(crate) parts: Vec<PathBuf>,
    /// Space folder that gets their shards; may be one of them.
    #[arg(long, value_name = "SPACE")]
    pub(crate) into: PathBuf,
    #[command(flatten)]
    pub(crate) results: Results,
}

/// A projection without training.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ZeroShot {
    /// Average pooling.
    Pool,
    /// Principal components of the training features.
    Pca,
    /// A random linear map.
    Random,
}

#[derive(Args)]
pub(crate) struct Train {
    #[command(flatten)]
    pub(crate) experiment: ExperimentArgs,
    /// Query set of the evaluation with --data, in any of its forms; without it a part of the data is held out (`eval.seed`).
    #[arg(long, value_name = "DIR|CSV|TAR|PARQUET", requires = "data")]
    pub(crate) query: Option<PathBuf>,
    /// Index set of the evaluation with --data; the query set itself without it (leave one out).
    #[arg(long, value_name = "DIR|CSV|TAR|PARQUET", requires = "query")]
    pub(crate) index: Option<PathBuf>,
    /// Begin with what a run folder, checkpoint, embedder or `hf-hub:ORG/NAME` has learnt (`train.init`); the lineage is recorded.
    #[arg(long, value_name = "DIR|FILE|REPO")]
    pub(crate) init: Option<PathBuf>,
    /// Train nothing: the features pooled, projected on their principal components, or at random, as an embedder with scores.
    #[arg(long, value_enum, conflicts_with = "init")]
    pub(crate) zero_shot: Option<ZeroShot>,
    /// Folder of this run; `runs/NAME` without it.
    #[arg(long, value_name = "DIR")]
    pub(crate) run_dir: Option<PathBuf>,
    /// Go on from the newest checkpoint of the run folder.
    #[arg(long, conflicts_with = "overwrite")]
    pub(crate) resume: bool,
    /// Remove the run that is in the run folder and begin again.
    #[arg(long)]
    pub(crate) overwrite: bool,
    /// Only print what would be done: images, steps, parameters, disk, memory, learning rates, and the experiment as it is read.
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) results: Results,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_count_from_zero() {
        assert_eq!("0/4".parse(), Ok(Part { index: 0, of: 4 }));
        assert_eq!("3/4".parse(), Ok(Part { index: 3, of: 4 }));
        for (bad, reason) in
            [("4/4", "from 0 to 3"), ("0/0", "at least one"), ("1", "I/N"), ("a/2", "I/N"), ("-1/2", "I/N")]
        {
            let message = bad.parse::<Part>().unwrap_err();
            assert!(message.contains(reason), "{bad}: {message}");
        }
    }
}
