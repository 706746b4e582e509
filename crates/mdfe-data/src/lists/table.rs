//! Tables in text files: columns found by name, every fault with its file and line.

use super::quotes::{Stray, stray};
use crate::{Error, Result};
use std::path::Path;

/// How a table's rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// Comma separated, fields may be quoted.
    Csv,
    /// Separated by one space, no quoting.
    Spaces,
}

/// The wanted columns of one row, `[N]`, in the order they were asked for.
pub(crate) struct Row<'a, const N: usize> {
    path: &'a Path,
    line: u64,
    columns: &'a [&'a str; N],
    record: &'a csv::StringRecord,
    positions: &'a [Option<usize>; N],
}

impl<const N: usize> Row<'_, N> {
    /// The text of column `i`, as it is in the file; empty where an optional column is missing.
    pub(crate) fn text(&self, i: usize) -> &str {
        self.positions[i].and_then(|p| self.record.get(p)).unwrap_or("")
    }

    /// Whether the file has column `i` (only optional ones can be missing).
    pub(crate) fn has(&self, i: usize) -> bool {
        self.positions[i].is_some()
    }

    /// The whole number in column `i`.
    pub(crate) fn int(&self, i: usize) -> Result<i64> {
        let text = self.text(i);
        text.trim()
            .parse()
            .map_err(|_| self.fault(format!("`{}` is `{text}`, not a whole number", self.columns[i])))
    }

    /// An error about this row.
    pub(crate) fn fault(&self, reason: String) -> Error {
        Error::Malformed { path: self.path.to_path_buf(), line: Some(self.line), reason }
    }
}

/// Calls `each` for every row of the table in `bytes`, which were read from `path`.
///
/// A column is `name`, or `name|other` where another name occurs, or `name?` where it may be missing. A byte order
/// mark, either line end, blank lines and further columns are fine.
///
/// # Errors
/// [`Error::Malformed`] with the line for a missing column, a row of another width, text that is not UTF-8, a quote
/// that never closes or swallows rows, and whatever `each` finds.
pub(crate) fn rows<const N: usize>(
    path: &Path,
    bytes: &[u8],
    format: Format,
    columns: [&str; N],
    mut each: impl FnMut(Row<'_, N>) -> Result<()>,
) -> Result<()> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let spaces = format == Format::Spaces;
    let delimiter = if spaces { b' ' } else { b',' };
    // Rows of another width are refused here, after their quotes, which are the likelier reason.
    let mut builder = csv::ReaderBuilder::new();
    let mut reader = builder.delimiter(delimiter).quoting(!spaces).flexible(true).from_reader(bytes);
    let fault = |line, reason| Error::Malformed { path: path.to_path_buf(), line, reason };
    let csv_fault = |error: csv::Error| fault(error.position().map(|p| line_of(bytes, p)), explain(&error));

    let quotes = !spaces && bytes.contains(&b'"');
    let check_quotes = |start: Option<&csv::Position>, end: &csv::Position, width| match start {
        Some(start) if quotes => {
            let record = bytes.get(start.byte() as usize..end.byte() as usize).unwrap_or_default();
            match stray(without_line_ends(record), width) {
                Some(Stray { line, reason }) => Err(fault(Some(line_of(bytes, start) + line), reason)),
                None => Ok(()),
            }
        }
        _ => Ok(()),
    };

    let header = reader.headers().map_err(csv_fault)?.clone();
    let width = header.len();
    check_quotes(header.position(), reader.position(), width)?;
    let mut positions = [None; N];
    for (position, column) in positions.iter_mut().zip(columns) {
        let names: Vec<&str> = column.trim_end_matches('?').split('|').collect();
        *position = header.iter().position(|h| names.contains(&h.trim()));
        if position.is_none() && !column.ends_with('?') {
            let found: Vec<&str> = header.iter().collect();
            let reason =
                format!("has no column `{}`; its columns are `{}`", names.join("` or `"), found.join("`, `"));
            return Err(fault(Some(1), reason));
        }
    }

    let mut record = csv::StringRecord::new();
    while reader.read_record(&mut record).map_err(csv_fault)? {
        let line = record.position().map_or(0, |p| line_of(bytes, p));
        check_quotes(record.position(), reader.position(), width)?;
        if record.len() != width {
            let reason = format!(
                "has {} fields, the header has {width}; every row needs as many as the header",
                record.len()
            );
            return Err(fault(Some(line), reason));
        }
        each(Row { path, line, columns: &columns, record: &record, positions: &positions })?;
    }
    Ok(())
}

/// The line on which a record begins. The csv crate's position lies before the line feed of the previous record's
/// CRLF and before blank lines, so those are counted here.
fn line_of(bytes: &[u8], position: &csv::Position) -> u64 {
    let before = bytes.get(position.byte() as usize..).unwrap_or_default();
    let breaks = before.iter().take_while(|b| matches!(b, b'\r' | b'\n'));
    position.line() + breaks.filter(|b| **b == b'\n').count() as u64
}

/// A record without the line ends before it, which the csv crate counts to it.
fn without_line_ends(record: &[u8]) -> &[u8] {
    let start = record.iter().position(|b| !matches!(b, b'\r' | b'\n')).unwrap_or(record.len());
    &record[start..]
}

fn explain(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::Utf8 { err, .. } => format!("is not UTF-8 ({err})"),
        _ => error.to_string(),
    }
}
