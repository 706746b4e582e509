//! `mdfe index`: an index on disk.

use super::{
    model::ModelArgs,
    shared::{IndexDir, Results},
};
use clap::{
    Args, Subcommand, ValueEnum,
    builder::{PossibleValuesParser, TypedValueParser},
};
use mdfe_index::{Dtype, Existing, Rescore};
use std::path::PathBuf;

#[derive(Subcommand)]
pub(crate) enum IndexCommand {
    /// Make an index of images, or of embeddings that are there already. What is done lies in INDEX.parts until the whole is there,
    /// and a second call goes on from it.
    Build(IndexBuild),
    /// Add images or embeddings to an index; what was there is not written again, and searches may go on.
    Add(IndexAdd),
    /// Remove rows from an index by path or row id.
    Remove(IndexRemove),
    /// Show what an index holds.
    Info {
        #[command(flatten)]
        index: IndexDir,
        #[command(flatten)]
        results: Results,
    },
    /// Read every byte of an index and compare it with what was written.
    Verify {
        #[command(flatten)]
        index: IndexDir,
        #[command(flatten)]
        results: Results,
    },
}

/// What goes into an index.
#[derive(Args)]
pub(crate) struct IndexInput {
    /// Images, folders that are searched for images (one folder per class gives labels), CSV files with `path,label[,domain]`, or
    /// safetensors files written by `mdfe embed`, which need no model.
    #[arg(long, required = true, num_args = 1.., value_name = "FILE|DIR|CSV")]
    pub(crate) input: Vec<PathBuf>,
    /// Of a CSV with a `split` column, only the rows of this split.
    #[arg(long, value_name = "NAME")]
    pub(crate) split: Option<String>,
    #[command(flatten)]
    pub(crate) model: ModelArgs,
}

#[derive(Args)]
pub(crate) struct IndexBuild {
    #[command(flatten)]
    pub(crate) input: IndexInput,
    /// Folder to make.
    #[arg(long, value_name = "INDEX")]
    pub(crate) output: PathBuf,
    /// How embeddings are stored: `f32`, `f16`, `int8` (searched exactly, with the finer copy), `binary` (signs; not exact, what it
    /// misses is measured and shown).
    #[arg(long, default_value = "f32", value_parser = store_dtype())]
    pub(crate) store_dtype: Dtype,
    /// Of int8 and binary: the finer copy that decides in the end; f16 by default.
    #[arg(long, value_enum)]
    pub(crate) rescore: Option<RescoreName>,
    #[command(flatten)]
    pub(crate) results: Results,
}

#[derive(Args)]
pub(crate) struct IndexAdd {
    #[command(flatten)]
    pub(crate) index: IndexDir,
    #[command(flatten)]
    pub(crate) input: IndexInput,
    /// What becomes of images whose path the index holds already.
    #[arg(long, value_enum, default_value_t = ExistingName::Refuse)]
    pub(crate) existing: ExistingName,
    #[command(flatten)]
    pub(crate) results: Results,
}

#[derive(Args)]
pub(crate) struct IndexRemove {
    #[command(flatten)]
    pub(crate) index: IndexDir,
    /// Path of an image, as `mdfe search` shows it; all of its rows are removed.
    #[arg(long, num_args = 1.., value_name = "PATH", required_unless_present = "row")]
    pub(crate) path: Vec<String>,
    /// Id of a row, as `mdfe search --json` shows it.
    #[arg(long, num_args = 1.., value_name = "ROW")]
    pub(crate) row: Vec<u32>,
    #[command(flatten)]
    pub(crate) results: Results,
}

/// `--rescore`.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum RescoreName {
    /// None: the smallest index.
    None,
    /// 2 bytes for each dimension.
    F16,
    /// 4 bytes for each dimension: int8 finds what f32 finds.
    F32,
}

impl From<RescoreName> for Rescore {
    fn from(name: RescoreName) -> Self {
        match name {
            RescoreName::None => Self::None,
            RescoreName::F16 => Self::F16,
            RescoreName::F32 => Self::F32,
        }
    }
}

/// `--existing`.
#[derive(Clone, Copy, ValueEnum, PartialEq, Eq)]
pub(crate) enum ExistingName {
    /// Add nothing and say so.
    Refuse,
    /// Remove the old rows in the same step.
    Replace,
    /// Leave the new ones out.
    Skip,
}

impl From<ExistingName> for Existing {
    fn from(name: ExistingName) -> Self {
        match name {
            ExistingName::Refuse => Self::Refuse,
            ExistingName::Replace => Self::Replace,
            ExistingName::Skip => Self::Skip,
        }
    }
}

fn store_dtype() -> impl TypedValueParser<Value = Dtype> {
    let known = PossibleValuesParser::new(Dtype::ALL.map(Dtype::name));
    known.try_map(|name| Dtype::ALL.into_iter().find(|dtype| dtype.name() == name).ok_or("unknown dtype"))
}
