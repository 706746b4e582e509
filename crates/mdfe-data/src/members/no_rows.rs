//! Parquet in a build without it: one sentence that says how to get it.

use super::no_parquet;
use crate::{Result, readers::Listing};
use std::path::Path;

/// The Parquet files that are open, of which there are none in this build.
#[derive(Debug, Default)]
pub(super) struct Tables;

impl Tables {
    /// Refuses: this build has no Parquet.
    pub(super) fn read(&self, table: &Path, _: usize, _: &Path) -> Result<Vec<u8>> {
        Err(no_parquet(table))
    }
}

/// The column with the images of a Parquet file.
pub(crate) enum ImageColumn {}

impl ImageColumn {
    /// Refuses: this build has no Parquet.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        Err(no_parquet(path))
    }

    /// Rows of the file.
    pub(crate) fn rows(&self) -> usize {
        match *self {}
    }

    /// Adds every row to `listing`.
    pub(crate) fn list(&self, _: &Path, _: &mut Listing) -> Result<()> {
        match *self {}
    }
}

/// Refuses: this build has no Parquet.
pub fn holds_embeddings(path: &Path) -> Result<bool> {
    Err(no_parquet(path))
}
