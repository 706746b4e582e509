//! A Parquet file that images are read from, one row at a time.
//!
//! Rows lie in pages that are unpacked from their beginning, so that one row alone costs those before it. A reader that goes on from row to
//! row makes reading in order cheap; the last blocks are kept, for threads that are a little behind.

use super::column::{ImageColumn, cells};
use crate::{
    Result,
    image::guarded,
    tables::{self, Builder},
};
use arrow_array::{Array, cast::AsArray};
use arrow_schema::DataType;
use parquet::arrow::arrow_reader::ParquetRecordBatchReader;
use std::{
    collections::VecDeque,
    ops::Range,
    path::{Path, PathBuf},
};

/// Rows of a block.
const ROWS: usize = 16;
/// Blocks that are kept, and the bytes above which fewer are, but never fewer than two.
const BLOCKS: usize = 64;
const BYTES: usize = 64 << 20;

/// What stands in a row: the bytes and the name of an image.
type Cell = (Option<Vec<u8>>, Option<String>);

/// An open Parquet file.
pub(super) struct OpenTable {
    path: PathBuf,
    column: ImageColumn,
    /// The rows of each row group.
    groups: Vec<Range<usize>>,
    reader: Option<Reader>,
    blocks: VecDeque<Block>,
    /// Rows that cannot be read, and why.
    damaged: Vec<(Range<usize>, String)>,
}

/// A reader and the row that it gives next.
struct Reader {
    batches: ParquetRecordBatchReader,
    next: usize,
}

/// Some rows in a row.
struct Block {
    start: usize,
    cells: Vec<Cell>,
    bytes: usize,
}

impl std::fmt::Debug for OpenTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenTable").field("path", &self.path).finish_non_exhaustive()
    }
}

impl OpenTable {
    pub(super) fn new(path: &Path) -> Result<Self> {
        let builder = tables::open(path)?;
        let column = ImageColumn::of(path, &builder)?;
        let mut end = 0;
        let mut group = |rows: i64| {
            let start = end;
            end += usize::try_from(rows).unwrap_or(0);
            start..end
        };
        let groups = builder.metadata().row_groups().iter().map(|g| group(g.num_rows())).collect();
        Ok(Self {
            path: path.to_path_buf(),
            column,
            groups,
            reader: None,
            blocks: VecDeque::new(),
            damaged: Vec::new(),
        })
    }

    /// The bytes of the image in row `row`, or why there are none.
    pub(super) fn read(&mut self, row: usize) -> std::result::Result<Vec<u8>, String> {
        if row >= self.column.rows() {
            return Err(format!("the Parquet file has {} rows, there is no row {row}", self.column.rows()));
        }
        loop {
            if let Some((range, reason)) = self.damaged.iter().find(|(range, _)| range.contains(&row)) {
                return Err(format!(
                    "rows {} to {} of the Parquet file cannot be read ({reason})",
                    range.start,
                    range.end - 1
                ));
            }
            let within = |block: &&Block| (block.start..block.start + block.cells.len()).contains(&row);
            if let Some(block) = self.blocks.iter().find(within) {
                return image(&block.cells[row - block.start]);
            }
            self.advance(row);
        }
    }

    /// Reads on, towards `row`; rows that are damaged are remembered.
    fn advance(&mut self, row: usize) {
        let group = self.groups.iter().position(|group| group.contains(&row)).unwrap_or(0);
        let goes_on = |reader: &Reader| {
            let near =
                row.saturating_sub(reader.next) < ROWS * BLOCKS || self.groups[group].contains(&reader.next);
            reader.next <= row && near
        };
        let mut start = row;
        let read = match self.reader.take().filter(goes_on) {
            Some(reader) => Ok(reader),
            None => self.reader_at(group, row),
        }
        .and_then(|mut reader| {
            start = reader.next;
            let block = guarded(|| reader.block(&self.column))?;
            Ok((reader, block))
        });
        match read {
            Ok((mut reader, block)) if !block.cells.is_empty() => {
                reader.next += block.cells.len();
                self.reader = Some(reader);
                self.keep(block);
            }
            Ok(_) => {
                self.damaged.push((start..row.max(start) + 1, "it has fewer rows than it says".to_owned()))
            }
            Err(reason) => {
                let of = self.groups.iter().find(|group| group.contains(&start));
                let end = of.map_or(row + 1, |group| group.end);
                self.damaged.push((start..end, reason));
            }
        }
    }

    fn keep(&mut self, block: Block) {
        self.blocks.push_back(block);
        let bytes = |blocks: &VecDeque<Block>| blocks.iter().map(|block| block.bytes).sum::<usize>();
        while self.blocks.len() > BLOCKS || self.blocks.len() > 2 && bytes(&self.blocks) > BYTES {
            self.blocks.pop_front();
        }
    }

    /// A reader that begins with `row` of row group `group` and goes on to the end.
    fn reader_at(&self, group: usize, row: usize) -> std::result::Result<Reader, String> {
        let builder = tables::open(&self.path).map_err(|e| e.to_string())?;
        let names: Vec<&str> =
            [&self.column.bytes, &self.column.name].into_iter().filter_map(|name| name.as_deref()).collect();
        let groups = (group..self.groups.len()).collect();
        let skip = row - self.groups[group].start;
        let build = |builder: Builder| {
            let mask = tables::mask(&builder, &names);
            builder
                .with_row_groups(groups)
                .with_offset(skip)
                .with_batch_size(ROWS)
                .with_projection(mask)
                .build()
        };
        let batches = guarded(|| build(builder).map_err(|e| e.to_string()))?;
        Ok(Reader { batches, next: row })
    }
}

impl Reader {
    /// The next block; empty at the end.
    fn block(&mut self, column: &ImageColumn) -> std::result::Result<Block, String> {
        let mut block = Block { start: self.next, cells: Vec::new(), bytes: 0 };
        let Some(batch) = self.batches.next().transpose().map_err(|e| e.to_string())? else {
            return Ok(block);
        };
        let bytes = column.bytes.as_deref().and_then(|name| cells(&batch, name));
        let files = column.name.as_deref().and_then(|name| cells(&batch, name));
        let files = files.map(tables::texts).transpose()?.unwrap_or_default();
        for row in 0..batch.num_rows() {
            let own = bytes.and_then(|bytes| cell(bytes, row)).map(<[u8]>::to_vec);
            block.bytes += own.as_ref().map_or(0, Vec::len);
            block.cells.push((own, files.get(row).cloned().flatten()));
        }
        Ok(block)
    }
}

/// The bytes in a cell, or why there are none. A file that is only named is not read: nothing would tell that it has changed.
fn image((bytes, file): &Cell) -> std::result::Result<Vec<u8>, String> {
    match (bytes, file) {
        (Some(bytes), _) => Ok(bytes.clone()),
        (None, Some(file)) => Err(format!(
            "the row holds no image, only the name {file}; write the bytes into the file, or the name into a column `path`"
        )),
        (None, None) => Err("the row holds no image".to_owned()),
    }
}

/// The bytes in a row; `None` for null.
fn cell(column: &dyn Array, row: usize) -> Option<&[u8]> {
    if column.is_null(row) {
        return None;
    }
    match column.data_type() {
        DataType::Binary => Some(column.as_binary::<i32>().value(row)),
        DataType::LargeBinary => Some(column.as_binary::<i64>().value(row)),
        DataType::BinaryView => Some(column.as_binary_view().value(row)),
        _ => None,
    }
}
