//! Parquet files, as data sets and embeddings are read from them (feature `parquet`).

mod cells;

pub(crate) use cells::{Lists, lists, texts};

use crate::{Error, Result, image::guarded};
use arrow_array::RecordBatch;
use parquet::arrow::{
    ProjectionMask,
    arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder},
};
use std::{fs::File, path::Path};

/// A Parquet file whose footer was read.
pub(crate) type Builder = ParquetRecordBatchReaderBuilder<File>;

/// Opens the file and reads its footer.
///
/// # Errors
/// [`Error::Io`] when it cannot be read, [`Error::Malformed`] when it is no whole Parquet file.
pub(crate) fn open(path: &Path) -> Result<Builder> {
    let file = File::open(path).map_err(Error::io("open", path))?;
    let opened = guarded(|| Builder::try_new(file).map_err(|e| e.to_string()));
    opened.map_err(|e| fault(path, format!("is not a whole Parquet file ({e})")))
}

/// The reader of some columns ([`mask`]), some rows at a time.
///
/// # Errors
/// [`Error::Malformed`] when the columns cannot be read.
pub(crate) fn columns(
    path: &Path,
    builder: Builder,
    names: &[&str],
    rows: usize,
) -> Result<ParquetRecordBatchReader> {
    let mask = mask(&builder, names);
    let built =
        guarded(|| builder.with_projection(mask).with_batch_size(rows).build().map_err(|e| e.to_string()));
    built.map_err(|e| damaged(path, &e))
}

/// The columns of these names, `image.path` for a part of one.
pub(crate) fn mask(builder: &Builder, names: &[&str]) -> ProjectionMask {
    let schema = builder.parquet_schema();
    let is_wanted = |path: &str| {
        let below =
            |name: &&str| path.strip_prefix(*name).is_some_and(|r| r.is_empty() || r.starts_with('.'));
        names.iter().any(below)
    };
    let leaves = (0..).zip(schema.columns()).filter(|(_, leaf)| is_wanted(&leaf.path().string()));
    ProjectionMask::leaves(schema, leaves.map(|(at, _)| at))
}

/// The next rows.
///
/// # Errors
/// [`Error::Malformed`] when they are damaged.
pub(crate) fn next(path: &Path, reader: &mut ParquetRecordBatchReader) -> Result<Option<RecordBatch>> {
    let batch = guarded(|| reader.next().transpose().map_err(|e| e.to_string()));
    batch.map_err(|e| damaged(path, &e))
}

/// An error about a Parquet file.
pub(crate) fn fault(path: &Path, reason: String) -> Error {
    Error::Malformed { path: path.to_path_buf(), line: None, reason }
}

fn damaged(path: &Path, reason: &str) -> Error {
    fault(path, format!("is damaged ({reason})"))
}

/// The text under a key of the file's metadata.
pub(crate) fn metadata<'b>(builder: &'b Builder, key: &str) -> Option<&'b str> {
    let pairs = builder.metadata().file_metadata().key_value_metadata()?;
    pairs.iter().find(|pair| pair.key == key)?.value.as_deref()
}
