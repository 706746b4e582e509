//! `mdfe datasets` and `mdfe backbones`: what is known and what is there.

use super::shared::{Results, pair};
use clap::{
    Args, Subcommand,
    builder::{PossibleValuesParser, TypedValueParser},
};
use mdfe_model::Family;
use std::path::PathBuf;

#[derive(Subcommand)]
pub(crate) enum Datasets {
    /// List every data set: key, domain, licence, source, expected counts, and whether it is under --root.
    List {
        /// Folder that holds the data sets.
        #[arg(long, value_name = "DIR")]
        root: Option<PathBuf>,
        #[command(flatten)]
        results: Results,
    },
    /// Read a data set and show its counts and class sizes.
    Show {
        #[command(flatten)]
        dataset: DatasetArgs,
        #[command(flatten)]
        results: Results,
        /// Print one JSON line per training sample.
        #[arg(long, conflicts_with = "json")]
        jsonl: bool,
    },
    /// Look for unreadable images, duplicates, label noise and leaks, and write a list that readers can exclude.
    Check {
        #[command(flatten)]
        dataset: DatasetArgs,
        /// A test data set, `KEY` or `KEY:option=value,...`, that must share no image with it.
        #[arg(long, value_name = "KEY[:OPTIONS]")]
        against: Option<String>,
        /// Where to write the list of images to exclude.
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
        #[command(flatten)]
        results: Results,
    },
}

/// Which data set, and how it is read.
#[derive(Args)]
pub(crate) struct DatasetArgs {
    /// Key of the data set, such as `products_10k`, `image_folder` or `csv`.
    pub(crate) name: String,
    /// Folder that holds the data set.
    #[arg(long, value_name = "DIR")]
    pub(crate) root: PathBuf,
    /// Option of the data set, such as `refined=true` or `min_samples=3`; may be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = pair)]
    pub(crate) set: Vec<(String, String)>,
}

#[derive(Subcommand)]
pub(crate) enum Backbones {
    /// List the pretrained backbones, and whether their weights are in the cache.
    List {
        #[command(flatten)]
        filters: Filters,
        #[command(flatten)]
        results: Results,
    },
}

/// Which backbones are listed.
#[derive(Args)]
pub(crate) struct Filters {
    /// Only this family.
    #[arg(long, value_parser = family())]
    pub(crate) family: Option<Family>,
    /// Only names that contain this text.
    #[arg(long, value_name = "TEXT")]
    pub(crate) name: Option<String>,
    /// Only models with at most this many million parameters.
    #[arg(long, value_name = "MILLIONS")]
    pub(crate) max_params: Option<f64>,
    /// Only models with features of this many dimensions.
    #[arg(long, value_name = "D")]
    pub(crate) dim: Option<usize>,
    /// Only models with inputs of this many pixels along a side.
    #[arg(long, value_name = "PIXELS")]
    pub(crate) size: Option<usize>,
    /// Only models with a text tower, which take sentences in `mdfe search`.
    #[arg(long)]
    pub(crate) text: bool,
}

/// Reads a family by its key; the help and the message for an unknown one list them all.
fn family() -> impl TypedValueParser<Value = Family> {
    let known = PossibleValuesParser::new(Family::ALL.map(Family::key));
    known.try_map(|key| Family::ALL.into_iter().find(|family| family.key() == key).ok_or("unknown family"))
}
