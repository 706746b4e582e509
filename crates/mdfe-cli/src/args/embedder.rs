//! `mdfe embed`, `mdfe convert` and `mdfe export`: an embedder at work and elsewhere.

use super::{
    model::{BackboneArgs, ModelArgs},
    shared::Results,
};
use clap::{Args, ValueEnum};
use mdfe_train::pipeline::Which;
use std::path::PathBuf;

#[derive(Args)]
pub(crate) struct Embed {
    #[command(flatten)]
    pub(crate) model: ModelArgs,
    /// Write the backbone's features instead of the embeddings, as --backbone does.
    #[arg(long)]
    pub(crate) features: bool,
    /// Images, folders that are searched for images (one folder per class or a metadata.jsonl gives labels), CSV files with
    /// `path,label[,domain]`, WebDataset tars or Parquet files with images; of tars and Parquet also patterns such as `x-{000..010}.tar`. With
    /// the feature `full` also addresses of images, folders and CSV files: `s3://bucket/folder/`, `gs://`, `az://`, `gdrive://`, `https://`,
    /// `hf://datasets/ORG/NAME/`, `file://`.
    #[arg(long, required = true, num_args = 1.., value_name = "FILE|DIR|CSV|TAR|PARQUET|URL")]
    pub(crate) input: Vec<PathBuf>,
    /// Of a CSV with a `split` column, only the rows of this split.
    #[arg(long, value_name = "NAME")]
    pub(crate) split: Option<String>,
    /// File to write, in the format of its ending: .safetensors (`embeddings [N, D]`), .npy (with FILE.jsonl and FILE.json beside it) or
    /// .parquet (`path, label, domain, embedding`), with paths and, where the input has them, labels and domains. What is done lies in
    /// FILE.parts until the whole is there, and a second call goes on from it.
    #[arg(long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    #[command(flatten)]
    pub(crate) results: Results,
}

#[derive(Args)]
pub(crate) struct Convert {
    /// Embeddings (.safetensors, .npy or .parquet), or the folder of a space of features.
    #[arg(value_name = "IN")]
    pub(crate) input: PathBuf,
    /// File to write, in the format of its ending.
    #[arg(value_name = "OUT")]
    pub(crate) output: PathBuf,
    /// Of a space: only the images of this view, in its order and with its classes (a file in `views/` of a run); without it all
    /// features, with fingerprints as paths.
    #[arg(long, value_name = "FILE")]
    pub(crate) view: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) results: Results,
}

#[derive(Args)]
pub(crate) struct Export {
    /// Trained embedder: a run folder, an embedder file or `hf-hub:ORG/NAME`.
    #[arg(
        long,
        value_name = "DIR|FILE|REPO",
        conflicts_with = "backbone",
        required_unless_present = "backbone"
    )]
    pub(crate) model: Option<PathBuf>,
    /// What to write. TorchScript and ONNX hold backbone, resize and projection, take images `uint8 [B, 3, H, W]` of any size and
    /// give embeddings `[B, D]` of unit length (of --backbone, its features as they are); safetensors is mdfe's own; hub is a folder
    /// for the Hugging Face hub.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: ExportFormat,
    /// Of a run folder: the embedder of this checkpoint (`best` by validation, `last`, or a number of steps), finished or not.
    #[arg(long, value_name = "best|last|STEP", conflicts_with = "backbone")]
    pub(crate) checkpoint: Option<Which>,
    /// File to write; of `--format hub` the folder.
    #[arg(long, value_name = "FILE|DIR", required_unless_present = "guiec")]
    pub(crate) output: Option<PathBuf>,
    /// Write DIR/submission.zip with saved_model.pt inside, as Kaggle took it for the Google Universal Image Embedding Challenge.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["output", "format"])]
    pub(crate) guiec: Option<PathBuf>,
    /// Read the written file back, run its operations one by one from the pixels on, and print how far what it gives is from the
    /// embedder's own. The resize before them is not run.
    #[arg(long)]
    pub(crate) check: bool,
    /// Squash images to the backbone's size instead of cropping them, as the method's 2024 submission did.
    #[arg(long)]
    pub(crate) squash: bool,
    /// What the exported model takes: images of any size, or pixels that are resized and normalised already, `f32 [B, 3, h, w]`.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) input: ExportInput,
    /// Write an ONNX file with weights and operations in f16.
    #[arg(long)]
    pub(crate) f16: bool,
    /// Put the backbone's weights into the embedder's file, so that it works alone.
    #[arg(long)]
    pub(crate) standalone: bool,
    #[command(flatten)]
    pub(crate) backbone: BackboneArgs,
    #[command(flatten)]
    pub(crate) results: Results,
}

/// A format of `mdfe export`.
#[derive(Clone, Copy, Debug, Default, ValueEnum, PartialEq, Eq)]
pub(crate) enum ExportFormat {
    /// An embedder that mdfe reads.
    #[default]
    Safetensors,
    /// For PyTorch 1.11 and later (`torch.jit.load`).
    Torchscript,
    /// ONNX of opset 18.
    Onnx,
    /// A folder for the Hugging Face hub: the embedder, `config.json` and a model card.
    Hub,
}

/// What an exported model takes.
#[derive(Clone, Copy, Debug, Default, ValueEnum, PartialEq, Eq)]
pub(crate) enum ExportInput {
    /// Bytes of any height and width.
    #[default]
    Image,
    /// Normalised values of the backbone's size.
    Pixels,
}
