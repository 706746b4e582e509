//! Embeddings on disk: the file that `mdfe embed` writes and `mdfe evaluate` and `mdfe search` read.
//!
//! A safetensors file with
//!
//! | tensor | what |
//! |---|---|
//! | `embeddings [N, D]` f32 | the embeddings, rows in input order |
//! | `labels [N]` i64 | class of each row: a position in `label_names` where the file has it, else a number that is its own name |
//! | `label_names` u8, `label_names_ends [C]` i64 | the classes' names ([`TextColumn`]) |
//! | `domains [N]` i64 | domain of each row, a position in the JSON list under the metadata key `domains` |
//! | `paths` u8, `paths_ends [N]` i64 | the images' paths; up to 100,000 rows also as a JSON list under the metadata key `paths` |
//!
//! and, under the metadata key `embedder`, which embedder made them: embeddings of two embedders are not compared. All but
//! `embeddings` may be missing in a file of somebody else.
//!
//! The ending of a name chooses the format: `.safetensors` is this one, `.npy` an array with JSON lines and a record beside it, and
//! `.parquet` a table `path, label, domain, embedding` (feature `parquet`). All of them hold the same and are converted into each
//! other by [`EmbeddingsFile::write`], a few rows at a time.

mod column;
mod features;
mod format;
mod inputs;
mod names;
mod npy;
mod parts;
mod read;
#[cfg_attr(not(feature = "parquet"), path = "no_table.rs")]
mod table;
mod write;

pub use features::write_features;
pub use format::EmbeddingsFormat;
pub use inputs::{InputRow, Inputs};
pub use names::Names;
pub use parts::{EmbeddingParts, Published};
pub use read::EmbeddingsFile;

use crate::{Error, Result, identity::Fingerprint, tensors::TextColumn};
use serde::{Deserialize, Serialize};

/// Which embedder made some embeddings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmbedderId {
    /// Fingerprint of backbone, preprocess record and projection.
    pub fingerprint: Fingerprint,
    /// For people: the backbone's name, and what was trained on it.
    pub name: String,
}

impl EmbedderId {
    /// Refuses embeddings of another embedder; `this` and `that` say whose they are.
    ///
    /// # Errors
    /// [`Error::Invalid`] names both embedders.
    pub fn expect_same(&self, other: &Self, this: &str, that: &str) -> Result<()> {
        if self.fingerprint == other.fingerprint {
            return Ok(());
        }
        Err(Error::Invalid(format!(
            "{this} has embeddings of {} ({}), {that} of {} ({}); embed both with the same model",
            self.name,
            self.fingerprint.short(),
            other.name,
            other.fingerprint.short()
        )))
    }
}

/// Embeddings with what is known about each row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Embeddings {
    /// `[N, D]`, row-major.
    pub values: Vec<f32>,
    /// Width of the embedding, D.
    pub dim: usize,
    /// Class of each row, `[N]`: a position in `label_names`, or a number that is its own name where that is empty.
    pub labels: Option<Vec<i64>>,
    /// Names of the classes, `[C]`.
    pub label_names: TextColumn,
    /// Domain of each row as a position in `domain_names`, `[N]`.
    pub domains: Option<Vec<i64>>,
    /// Names of the domains.
    pub domain_names: Vec<String>,
    /// Path of each row's image, `[N]`; empty where the file has none.
    pub paths: TextColumn,
    /// Which embedder made them, where the file says so.
    pub embedder: Option<EmbedderId>,
}

/// Rows up to which paths stand in the metadata as well, for readers that know no [`TextColumn`].
const LISTED_PATHS: usize = 100_000;

impl Embeddings {
    /// Number of rows, N.
    pub fn len(&self) -> usize {
        self.values.len().checked_div(self.dim).unwrap_or(0)
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The name of a row's class; `None` where rows have no classes.
    pub fn label_name(&self, row: usize) -> Option<String> {
        let label = *self.labels.as_ref()?.get(row)?;
        let named = usize::try_from(label).ok().and_then(|i| self.label_names.get(i));
        Some(named.map_or_else(|| label.to_string(), str::to_owned))
    }

    /// The name of a row's domain; `None` where rows have no domains.
    pub fn domain_name(&self, row: usize) -> Option<&str> {
        let domain = *self.domains.as_ref()?.get(row)?;
        self.domain_names.get(usize::try_from(domain).ok()?).map(String::as_str)
    }
}

#[cfg(test)]
mod tests;
