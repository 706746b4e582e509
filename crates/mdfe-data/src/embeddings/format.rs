//! Which format a file of embeddings has: its name says so.

use super::table;
use crate::{Error, Result};
use std::path::Path;

/// The formats of embeddings on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmbeddingsFormat {
    /// One safetensors file; what a name without an ending stands for.
    Safetensors,
    /// NumPy's array `[N, D]`, with rows and record in two files beside it.
    Npy,
    /// A Parquet table with a row for each image.
    Parquet,
}

impl EmbeddingsFormat {
    /// The format of the file at `path`, by the ending of its name.
    ///
    /// # Errors
    /// [`Error::Invalid`] for an ending of something else, and for Parquet in a build without it.
    pub fn of(path: &Path) -> Result<Self> {
        let ending = path.extension().map(|e| e.to_string_lossy().to_ascii_lowercase());
        match ending.as_deref() {
            None | Some("safetensors") => Ok(Self::Safetensors),
            Some("npy") => Ok(Self::Npy),
            Some("parquet") => table::is_built(path).map(|()| Self::Parquet),
            Some(other) => Err(Error::Invalid(format!(
                "{}: embeddings are kept in files that end in .safetensors, .npy or .parquet, not .{other}; give another name",
                path.display()
            ))),
        }
    }
}
