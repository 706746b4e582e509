//! `mdfe evaluate` and `mdfe search`: queries against an index.

use super::{
    model::ModelArgs,
    shared::{NeighbourArgs, Results, pair},
};
use clap::Args;
use std::path::PathBuf;

#[derive(Args)]
pub(crate) struct Evaluate {
    /// Query set: a safetensors file of embeddings with labels; or, with a model, a CSV with `path,label[,domain]` or a folder
    /// with one folder per class.
    #[arg(long, value_name = "FILE|CSV|DIR")]
    pub(crate) query: PathBuf,
    /// Index set, in any of these forms; the query set itself without it (leave one out). Classes are the same where their names are.
    #[arg(long, value_name = "FILE|CSV|DIR")]
    pub(crate) index: Option<PathBuf>,
    /// Of CSV files with a `split` column, only the rows of this split; all rows without it.
    #[arg(long, value_name = "NAME")]
    pub(crate) split: Option<String>,
    #[command(flatten)]
    pub(crate) model: ModelArgs,
    #[command(flatten)]
    pub(crate) neighbours: NeighbourArgs,
    /// Search each domain's queries in that domain's index alone.
    #[arg(long)]
    pub(crate) separate: bool,
    #[command(flatten)]
    pub(crate) results: Results,
}

#[derive(Args)]
pub(crate) struct Search {
    /// Index: a folder made by `mdfe index build`, or a safetensors file written by `mdfe embed`, with the same model.
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
