//! NumPy's `.npy`: the array `[N, D]`, its rows as JSON lines beside it, and a record that holds the three together.
//!
//! | file | holds |
//! |---|---|
//! | `X.npy` | format 1.0, `<f4`, C order, `(N, D)` |
//! | `X.npy.jsonl` | a line for each row: `path`, `label`, `domain`, null where unknown |
//! | `X.npy.json` | `format`, the embedder, the names of classes and domains in order, and the BLAKE3 of both files |
//!
//! The array is renamed into place last. A record that speaks of other bytes is refused on reading, so that a kill between the renames
//! mixes nothing. An array without a record, somebody else's, is read as it is, without paths and classes.

mod array;

pub(super) use array::Array;

use super::{EmbedderId, Embeddings, EmbeddingsFile, column::Column, read::Values, write::Columns};
use crate::{
    Error, Result,
    files::{self, WriteOptions, write_atomically},
    identity::Fingerprint,
};
use serde::{Deserialize, Serialize};
use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

const FORMAT: &str = "mdfe-npy-1";

/// A line of `X.npy.jsonl`.
#[derive(Serialize, Deserialize)]
struct Line {
    path: Option<String>,
    label: Option<String>,
    domain: Option<String>,
}

/// `X.npy.json`.
#[derive(Serialize, Deserialize)]
struct Record {
    format: String,
    embedder: Option<EmbedderId>,
    rows: usize,
    dim: usize,
    /// Names of the classes in the order of their ids, as far as they have names.
    label_names: Vec<String>,
    domain_names: Vec<String>,
    /// Fingerprint of the array's file.
    array: Fingerprint,
    /// Fingerprint of the rows' file.
    lines: Fingerprint,
}

/// The file beside `path` whose name goes on with `ending`.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// Writes the three files; `embeddings` writes `rows * dim` little-endian f32.
pub(super) fn write(
    columns: &Columns<'_>,
    path: &Path,
    embeddings: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<()> {
    let fault = |e: serde_json::Error| Error::Invalid(format!("{}: {e}", path.display()));
    // The values go through a hash and a temporary file whose rename comes last: what is small is written in between.
    files::write_with(path, &WriteOptions::default(), |out| {
        let mut array = Hashed::new(out);
        array.write_all(&array::header(columns.rows, columns.dim))?;
        embeddings(&mut array)?;
        let array = array.finish();
        let small = || -> Result<()> {
            let mut lines = Vec::new();
            for row in 0..columns.rows {
                serde_json::to_writer(&mut lines, &columns.line(row)).map_err(fault)?;
                lines.push(b'\n');
            }
            let record = Record {
                format: FORMAT.to_owned(),
                embedder: columns.embedder.cloned(),
                rows: columns.rows,
                dim: columns.dim,
                label_names: columns.label_names.iter().map(str::to_owned).collect(),
                domain_names: columns.domain_names.to_vec(),
                array,
                lines: Fingerprint::of(&lines),
            };
            let record = serde_json::to_vec_pretty(&record).map_err(fault)?;
            write_atomically(&beside(path, ".jsonl"), &lines)?;
            write_atomically(&beside(path, ".json"), &record)
        };
        small().map_err(io::Error::other)
    })
}

impl Columns<'_> {
    fn line(&self, row: usize) -> Line {
        Line {
            path: self.paths.get(row).map(str::to_owned),
            label: self.label(row),
            domain: self.domain(row).map(str::to_owned),
        }
    }
}

/// Opens the array with what lies beside it.
pub(super) fn open(path: &Path) -> Result<EmbeddingsFile> {
    let array = Array::open(path)?;
    let mut facts = Embeddings { dim: array.dim, ..Embeddings::default() };
    let record = beside(path, ".json");
    match std::fs::read(&record) {
        Ok(bytes) => rows(&array, &record, &bytes, &mut facts)?,
        Err(e) if e.kind() == io::ErrorKind::NotFound => {}
        Err(e) => return Err(Error::io("read", &record)(e)),
    }
    Ok(EmbeddingsFile { rows: array.rows, facts, values: Values::Npy(array) })
}

/// Reads what the record says, and refuses one that speaks of other files.
fn rows(array: &Array, record: &Path, bytes: &[u8], facts: &mut Embeddings) -> Result<()> {
    let fault = |reason: String| Error::Malformed { path: record.to_path_buf(), line: None, reason };
    let found: Record = serde_json::from_slice(bytes)
        .map_err(|e| fault(format!("is not the record of an array ({e}); write it again, or remove it")))?;
    if found.format != FORMAT {
        return Err(fault(format!("has the format {}, this build reads {FORMAT}", found.format)));
    }
    let lines_path = beside(&array.path, ".jsonl");
    let lines = std::fs::read(&lines_path).map_err(Error::io("read", &lines_path))?;
    let other = |path: &Path| {
        fault(format!(
            "speaks of another {}; write the embeddings again, or remove the record",
            path.display()
        ))
    };
    if found.lines != Fingerprint::of(&lines) {
        return Err(other(&lines_path));
    }
    if (found.rows, found.dim) != (array.rows, array.dim) || found.array != Fingerprint::of_file(&array.path)?
    {
        return Err(other(&array.path));
    }
    let mut labels = Column::new(&found.label_names);
    let mut domains = Column::new(&found.domain_names);
    let mut paths = Vec::new();
    for (number, line) in (1..).zip(lines.split(|b| *b == b'\n').filter(|line| !line.is_empty())) {
        let line: Line = serde_json::from_slice(line).map_err(|e| Error::Malformed {
            path: lines_path.clone(),
            line: Some(number),
            reason: e.to_string(),
        })?;
        labels.push(line.label.as_deref());
        domains.push(line.domain.as_deref());
        paths.push(line.path);
    }
    if paths.len() != array.rows {
        let reason = format!("has {} lines for {} rows", paths.len(), array.rows);
        return Err(Error::Malformed { path: lines_path, line: None, reason });
    }
    if paths.iter().any(Option::is_some) {
        facts.paths = paths.iter().map(|path| path.as_deref().unwrap_or_default()).collect();
    }
    (facts.labels, facts.label_names) = {
        let (ids, names) = labels.finish();
        (ids, names.iter().map(String::as_str).collect())
    };
    (facts.domains, facts.domain_names) = domains.finish();
    facts.embedder = found.embedder;
    Ok(())
}

/// Writes on, and knows the hash of what went through.
struct Hashed<'a> {
    out: &'a mut dyn Write,
    hasher: blake3::Hasher,
}

impl<'a> Hashed<'a> {
    fn new(out: &'a mut dyn Write) -> Self {
        Self { out, hasher: blake3::Hasher::new() }
    }

    fn finish(self) -> Fingerprint {
        Fingerprint::from_bytes(*self.hasher.finalize().as_bytes())
    }
}

impl Write for Hashed<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
