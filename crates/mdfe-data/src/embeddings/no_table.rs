//! Parquet in a build without it: one sentence that says how to get it.

use super::{EmbeddingsFile, write::Columns};
use crate::Result;
use std::{
    io::{self, Write},
    path::Path,
};

/// Refuses: this build has no Parquet.
pub(super) fn is_built(path: &Path) -> Result<()> {
    Err(crate::members::no_parquet(path))
}

/// Refuses as [`is_built`] does.
pub(super) fn open(path: &Path) -> Result<EmbeddingsFile> {
    Err(crate::members::no_parquet(path))
}

/// Refuses as [`is_built`] does.
pub(super) fn write(
    _: &Columns<'_>,
    path: &Path,
    _: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<()> {
    Err(crate::members::no_parquet(path))
}

/// The rows of a Parquet file, of which there are none in this build.
#[derive(Debug)]
pub(super) enum TableValues {}

impl TableValues {
    /// Hands every row to `sink`, some at a time.
    pub(super) fn each(&self, _: &mut dyn FnMut(&[f32]) -> Result<()>) -> Result<()> {
        match *self {}
    }
}
