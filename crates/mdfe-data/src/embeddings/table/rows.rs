//! The embeddings of a table, some rows at a time.

use super::EMBEDDING;
use crate::{Result, tables};
use arrow_array::{Array, ArrayRef, cast::AsArray, types as t};
use arrow_schema::DataType;
use std::path::{Path, PathBuf};

/// Rows that are in memory at once.
const CHUNK: usize = 1024;

/// The column `embedding` of a Parquet file.
#[derive(Debug)]
pub(in crate::embeddings) struct TableValues {
    path: PathBuf,
    /// D; that of the first row where the type does not say it.
    dim: usize,
}

impl TableValues {
    /// Finds out the width.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let builder = tables::open(path)?;
        let fixed = builder.schema().field_with_name(EMBEDDING).ok().and_then(|f| match f.data_type() {
            DataType::FixedSizeList(_, dim) => usize::try_from(*dim).ok(),
            _ => None,
        });
        let dim = match fixed {
            Some(dim) => dim,
            None => {
                let mut reader = tables::columns(path, builder, &[EMBEDDING], 1)?;
                let first = tables::next(path, &mut reader)?;
                let column = first.as_ref().and_then(|batch| batch.column_by_name(EMBEDDING));
                column.map_or(Ok(0), |column| Ok(row(path, column, 0)?.len()))?
            }
        };
        Ok(Self { path: path.to_path_buf(), dim })
    }

    /// Width of a row, D.
    pub(super) fn dim(&self) -> usize {
        self.dim
    }

    /// Hands every row to `sink`, some at a time.
    pub(in crate::embeddings) fn each(&self, sink: &mut dyn FnMut(&[f32]) -> Result<()>) -> Result<()> {
        let path = &self.path;
        let mut reader = tables::columns(path, tables::open(path)?, &[EMBEDDING], CHUNK)?;
        let (mut values, mut start) = (Vec::new(), 0);
        while let Some(batch) = tables::next(path, &mut reader)? {
            let Some(column) = batch.column_by_name(EMBEDDING) else { continue };
            values.clear();
            for i in 0..column.len() {
                let found = row(path, column, i)?;
                if found.len() != self.dim {
                    return Err(tables::fault(
                        path,
                        format!(
                            "row {} of `{EMBEDDING}` has {} values, the first {}; every row needs as many",
                            start + i,
                            found.len(),
                            self.dim
                        ),
                    ));
                }
                floats(path, &found, &mut values)?;
            }
            start += column.len();
            sink(&values)?;
        }
        Ok(())
    }
}

/// The list in row `i`.
fn row(path: &Path, column: &ArrayRef, i: usize) -> Result<ArrayRef> {
    if column.is_null(i) {
        return Err(tables::fault(path, format!("`{EMBEDDING}` is null in a row; every row needs one")));
    }
    match column.data_type() {
        DataType::FixedSizeList(..) => Ok(column.as_fixed_size_list().value(i)),
        DataType::List(_) => Ok(column.as_list::<i32>().value(i)),
        DataType::LargeList(_) => Ok(column.as_list::<i64>().value(i)),
        other => Err(tables::fault(path, format!("`{EMBEDDING}` holds {other}, expected lists of floats"))),
    }
}

/// Adds the values of a list.
fn floats(path: &Path, list: &ArrayRef, out: &mut Vec<f32>) -> Result<()> {
    if list.null_count() > 0 {
        return Err(tables::fault(
            path,
            format!("`{EMBEDDING}` holds a null value; every value needs a number"),
        ));
    }
    match list.data_type() {
        DataType::Float32 => out.extend_from_slice(list.as_primitive::<t::Float32Type>().values()),
        DataType::Float64 => {
            out.extend(list.as_primitive::<t::Float64Type>().values().iter().map(|v| *v as f32));
        }
        DataType::Float16 => {
            out.extend(list.as_primitive::<t::Float16Type>().values().iter().map(|v| f32::from(*v)));
        }
        other => {
            return Err(tables::fault(
                path,
                format!("`{EMBEDDING}` holds lists of {other}, expected floats"),
            ));
        }
    }
    Ok(())
}
