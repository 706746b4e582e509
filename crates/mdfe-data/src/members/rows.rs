//! Images in the rows of a Parquet file: the layout of Hugging Face data sets, or columns `bytes` and `path`.

mod column;
mod open;

pub(crate) use column::ImageColumn;
pub use column::holds_embeddings;

use crate::{Error, Result};
use open::OpenTable;
use std::{
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

/// Parquet files that are open at once.
const OPEN: usize = 4;

/// The Parquet files that are open, the last used last.
#[derive(Debug, Default)]
pub(super) struct Tables(Mutex<Vec<(PathBuf, OpenTable)>>);

impl Tables {
    /// The bytes of the image in row `row`, from 0. `path` is what the image is called.
    pub(super) fn read(&self, table: &Path, row: usize, path: &Path) -> Result<Vec<u8>> {
        let mut tables = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found = match tables.iter().position(|(known, _)| known == table) {
            Some(at) => tables.remove(at),
            None => (table.to_path_buf(), OpenTable::new(table)?),
        };
        let read = found.1.read(row);
        tables.push(found);
        if tables.len() > OPEN {
            tables.remove(0);
        }
        read.map_err(|reason| Error::Image { path: path.to_path_buf(), reason })
    }
}
