//! `mdfe embed` and `mdfe export`: an embedder at work and elsewhere.

use super::{
    model::{ModelArgs, WeightsArgs},
    shared::Results,
};
use clap::Args;
use mdfe_train::pipeline::Which;
use std::path::PathBuf;

#[derive(Args)]
pub(crate) struct Embed {
    #[command(flatten)]
    pub(crate) model: ModelArgs,
    /// Write the backbone's features instead of the embeddings, as --backbone does.
    #[arg(long)]
    pub(crate) features: bool,
    /// Images, folders that are searched for images (one folder per class gives labels), or CSV files with `path,label[,domain]`; with
    /// the feature `full` also addresses of them: `s3://bucket/folder/`, `gs://`, `az://`, `gdrive://`, `https://`,
    /// `hf://datasets/ORG/NAME/`, `file://`.
    #[arg(long, required = true, num_args = 1.., value_name = "FILE|DIR|CSV|URL")]
    pub(crate) input: Vec<PathBuf>,
    /// Of a CSV with a `split` column, only the rows of this split.
    #[arg(long, value_name = "NAME")]
    pub(crate) split: Option<String>,
    /// Safetensors file to write: `embeddings [N, D]` with paths and, where the input has them, labels and domains. What is done
    /// lies in FILE.parts until the whole is there, and a second call goes on from it.
    #[arg(long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    #[command(flatten)]
    pub(crate) results: Results,
}

#[derive(Args)]
pub(crate) struct Export {
    /// Trained embedder: a run folder or an embedder file.
    #[arg(long, value_name = "DIR|FILE")]
    pub(crate) model: PathBuf,
    /// Of a run folder: the embedder of this checkpoint (`best` by validation, `last`, or a number of steps), finished or not.
    #[arg(long, value_name = "best|last|STEP", conflicts_with = "standalone")]
    pub(crate) checkpoint: Option<Which>,
    /// File to write.
    #[arg(long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// Put the backbone's weights into the file, so that it works alone.
    #[arg(long)]
    pub(crate) standalone: bool,
    #[command(flatten)]
    pub(crate) files: WeightsArgs,
    #[command(flatten)]
    pub(crate) results: Results,
}
