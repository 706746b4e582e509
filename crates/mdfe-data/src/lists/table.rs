//! Tables in text files: columns found by name, every fault with its file and line.

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
/// that never closes, and whatever `each` finds.
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
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).quoting(!spaces).from_reader(bytes);
    let fault = |line, reason| Error::Malformed { path: path.to_path_buf(), line, reason };
    let csv_fault = |error: csv::Error| fault(error.position().map(|p| line_of(bytes, p)), explain(&error));

    let header = reader.headers().map_err(csv_fault)?.clone();
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
        let start = record.position().map_or(0, csv::Position::byte) as usize;
        let last = reader.position().byte() as usize >= bytes.len();
        if format == Format::Csv && last && ends_in_quotes(&bytes[start..]) {
            // The csv crate takes the rest of the file as one field, which would lose every row in it.
            return Err(fault(Some(line), "a quote opens in this row and never closes".to_owned()));
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

/// Whether a quoted field is still open at the end of `record`.
fn ends_in_quotes(record: &[u8]) -> bool {
    let (mut quoted, mut field_start) = (false, true);
    let mut bytes = record.iter().peekable();
    while let Some(&byte) = bytes.next() {
        match byte {
            b'"' if quoted => quoted = bytes.next_if_eq(&&b'"').is_some(),
            b'"' => quoted = field_start,
            _ => {}
        }
        field_start = !quoted && matches!(byte, b',' | b'\r' | b'\n');
    }
    quoted
}

fn explain(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("has {len} fields, the header has {expected_len}; every row needs as many as the header")
        }
        csv::ErrorKind::Utf8 { err, .. } => format!("is not UTF-8 ({err})"),
        _ => error.to_string(),
    }
}
