//! `mdfe evaluate` and `mdfe search`: queries against an index.

use super::{
    model::ModelArgs,
    shared::{NeighbourArgs, Results, pair},
};
use clap::{Args, ValueEnum};
use mdfe_eval::Metric;
use std::path::PathBuf;

/// Metrics by name.
#[derive(Clone, Debug)]
pub(crate) struct MetricList(pub(crate) Vec<Metric>);

impl MetricList {
    fn read(names: &str) -> mdfe_eval::Result<Self> {
        Metric::list(names).map(Self)
    }
}

/// What near means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SimilarityName {
    Cosine,
    L2,
}

/// A way of scoring that has a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Protocol {
    Guiec,
    Uned,
}

/// Reads a share between 0 and 1.
fn share(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| "it is a number between 0 and 1, such as 0.95".to_owned())?;
    if (0.0..=1.0).contains(&value) { Ok(value) } else { Err(format!("{value} is not between 0 and 1")) }
}

#[derive(Args)]
pub(crate) struct Evaluate {
    /// Query set: a file of embeddings with labels (.safetensors, .npy, .parquet); or, with a model, a CSV with `path,label[,domain]`, a
    /// folder with one folder per class or a metadata.jsonl, WebDataset tars or Parquet files with images, or the address of a folder or CSV
    /// in a store as `mdfe embed --input` takes it.
    #[arg(long, value_name = "FILE|CSV|DIR|TAR|PARQUET|URL")]
    pub(crate) query: PathBuf,
    /// Index set, in any of these forms; the query set itself without it (leave one out). Classes are the same where their names are.
    #[arg(long, value_name = "FILE|CSV|DIR|TAR|PARQUET|URL")]
    pub(crate) index: Option<PathBuf>,
    /// Of CSV files with a `split` column, only the rows of this split; all rows without it.
    #[arg(long, value_name = "NAME")]
    pub(crate) split: Option<String>,
    #[command(flatten)]
    pub(crate) model: ModelArgs,
    #[command(flatten)]
    pub(crate) neighbours: NeighbourArgs,
    /// What to report, with commas between: mMP@K, R@K, P@K, mAP@K, MRR@K, NDCG@K, mAP, mAP@R, R-precision. Without, mMP@k, R@1, R@k, P@k
    /// and mAP@k.
    #[arg(long, value_name = "LIST", value_parser = MetricList::read)]
    pub(crate) metrics: Option<MetricList>,
    /// What near means: `cosine`, or `l2`, the squared distance of the rows as they are.
    #[arg(long, value_enum, default_value = "cosine")]
    pub(crate) similarity: SimilarityName,
    /// Score as others do: `guiec`, the Google Universal Image Embedding challenge (mMP@5 by l2); `uned`, its data set's authors (R@1 and
    /// mMP@5 in one index of all domains, and their mean over domains).
    #[arg(long, value_enum, conflicts_with_all = ["metrics", "similarity", "separate"])]
    pub(crate) protocol: Option<Protocol>,
    /// Search each domain's queries in that domain's index alone.
    #[arg(long)]
    pub(crate) separate: bool,
    /// How often the queries are drawn for the 95 % intervals; 0 for none.
    #[arg(long, value_name = "N", default_value_t = 2000)]
    pub(crate) resamples: usize,
    /// Seed of those draws.
    #[arg(long, value_name = "SEED", default_value_t = 0)]
    pub(crate) seed: u64,
    /// Find the score from which on the nearest neighbour is right with this precision (0.95 where none is given), for `mdfe search --min-score`.
    #[arg(long, value_name = "PRECISION", num_args = 0..=1, default_missing_value = "0.95", value_parser = share)]
    pub(crate) open_set: Option<f64>,
    /// Write a line of JSON for each query: its scores and its neighbours.
    #[arg(long, value_name = "FILE")]
    pub(crate) per_query: Option<PathBuf>,
    /// Compare with another result on the same queries, a file of --per-query: differences with intervals and p-values.
    #[arg(long, value_name = "FILE")]
    pub(crate) against: Option<PathBuf>,
    /// Write report.html into this folder: scores, neighbours as thumbnails, confusions, a map.
    #[arg(long, value_name = "DIR")]
    pub(crate) report: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) results: Results,
}

#[derive(Args)]
pub(crate) struct Search {
    /// Index: a folder made by `mdfe index build`, or a file written by `mdfe embed` (.safetensors, .npy, .parquet), with the same model.
    #[arg(long, value_name = "INDEX|FILE")]
    pub(crate) index: PathBuf,
    /// Query images, or folders that are searched for images. Each query is answered by itself, unless they are taken together.
    #[arg(long, required_unless_present_any = ["text", "vector"], num_args = 1.., value_name = "FILE|DIR")]
    pub(crate) query: Vec<PathBuf>,
    /// Query sentence, taken as it is; may be repeated. Needs a model with a text tower (`mdfe backbones list --text`).
    #[arg(long, value_name = "SENTENCE")]
    pub(crate) text: Vec<String>,
    /// Query embeddings: a safetensors file as `mdfe embed` writes it, each row a query; may be repeated, and needs no model.
    #[arg(long, value_name = "FILE")]
    pub(crate) vector: Vec<PathBuf>,
    /// Take all queries together as one: the mean of their directions.
    #[arg(long)]
    pub(crate) together: bool,
    /// Sentence whose direction is taken away from that of all queries, which are then taken together; may be repeated.
    #[arg(long, value_name = "SENTENCE")]
    pub(crate) minus: Vec<String>,
    /// The same with an image.
    #[arg(long, value_name = "FILE")]
    pub(crate) minus_image: Vec<PathBuf>,
    /// Of an index folder: find only rows of this domain or class (`domain=cars`, `label=mug`); may be repeated, values of one kind
    /// are alternatives.
    #[arg(long, value_name = "domain|label=NAME", value_parser = pair)]
    pub(crate) filter: Vec<(String, String)>,
    /// Of an index folder: fold rows into one that was found before, from this cosine between them on, such as 0.98.
    #[arg(long, value_name = "COSINE")]
    pub(crate) fold: Option<f32>,
    /// Rows with a lower score are no match; a query that has none is answered with `no match`.
    #[arg(long, value_name = "SCORE", allow_negative_numbers = true)]
    pub(crate) min_score: Option<f32>,
    /// The text tower's `tokenizer.json` instead of the hub's; CLIP's own is built in.
    #[arg(long, value_name = "FILE")]
    pub(crate) tokenizer: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) model: ModelArgs,
    #[command(flatten)]
    pub(crate) neighbours: NeighbourArgs,
    #[command(flatten)]
    pub(crate) results: Results,
}
