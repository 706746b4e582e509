//! `mdfe evaluate` and `mdfe search`: queries against an index.

use super::{
    model::ModelArgs,
    shared::{NeighbourArgs, Results},
};
use clap::Args;
use std::path::PathBuf;

#[derive(Args)]
pub(crate) struct Evaluate {
    /// Query set: a safetensors file of embeddings with labels; or, with a model, a CSV with `path,label[,domain]` or a folder
    /// with one folder per class, or the address of one in a store as `mdfe embed --input` takes it.
    #[arg(long, value_name = "FILE|CSV|DIR|URL")]
    pub(crate) query: PathBuf,
    /// Index set, in any of these forms; the query set itself without it (leave one out). Classes are the same where their names are.
    #[arg(long, value_name = "FILE|CSV|DIR|URL")]
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
    /// Index: a safetensors file written by `mdfe embed` with the same model.
    #[arg(long, value_name = "FILE")]
    pub(crate) index: PathBuf,
    /// Query images, or folders that are searched for images.
    #[arg(long, required_unless_present = "text", num_args = 1.., value_name = "FILE|DIR")]
    pub(crate) query: Vec<PathBuf>,
    /// Query sentence, taken as it is; may be repeated. Needs a model with a text tower (`mdfe backbones list --text`).
    #[arg(long, value_name = "SENTENCE")]
    pub(crate) text: Vec<String>,
    /// The text tower's `tokenizer.json` instead of the hub's; CLIP's own is built in.
    #[arg(long, value_name = "FILE", requires = "text")]
    pub(crate) tokenizer: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) model: ModelArgs,
    #[command(flatten)]
    pub(crate) neighbours: NeighbourArgs,
    #[command(flatten)]
    pub(crate) results: Results,
}
