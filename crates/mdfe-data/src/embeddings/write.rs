//! Writing a file: the header first, then the rows, as they come.

use super::{EmbedderId, Embeddings, EmbeddingsFormat, LISTED_PATHS, npy, table};
use crate::{
    Error, Result,
    files::{self, WriteOptions},
    tensors::{TensorShape, TextColumn, header},
};
use safetensors::Dtype;
use std::{
    collections::BTreeMap,
    io::{self, Write},
    path::Path,
};

/// Everything of a file but the embeddings themselves.
pub(super) struct Columns<'a> {
    pub(super) rows: usize,
    pub(super) dim: usize,
    pub(super) labels: Option<&'a [i64]>,
    pub(super) label_names: &'a TextColumn,
    pub(super) domains: Option<&'a [i64]>,
    pub(super) domain_names: &'a [String],
    pub(super) paths: &'a TextColumn,
    pub(super) embedder: Option<&'a EmbedderId>,
}

impl<'a> Columns<'a> {
    /// Those of `facts`, of which there are `rows`.
    pub(super) fn of(facts: &'a Embeddings, rows: usize) -> Self {
        Self {
            rows,
            dim: facts.dim,
            labels: facts.labels.as_deref(),
            label_names: &facts.label_names,
            domains: facts.domains.as_deref(),
            domain_names: &facts.domain_names,
            paths: &facts.paths,
            embedder: facts.embedder.as_ref(),
        }
    }

    /// Writes the file atomically in the format of its name, the same bytes for the same values; `embeddings` writes `rows * dim`
    /// little-endian f32.
    pub(super) fn write(
        &self,
        path: &Path,
        embeddings: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<()> {
        match EmbeddingsFormat::of(path)? {
            EmbeddingsFormat::Safetensors => self.write_tensors(path, embeddings),
            EmbeddingsFormat::Npy => npy::write(self, path, embeddings),
            EmbeddingsFormat::Parquet => table::write(self, path, embeddings),
        }
    }

    /// The name of a row's class: that of its id, or the id itself where classes have no names.
    pub(super) fn label(&self, row: usize) -> Option<String> {
        let label = *self.labels?.get(row)?;
        let named = usize::try_from(label).ok().and_then(|i| self.label_names.get(i));
        Some(named.map_or_else(|| label.to_string(), str::to_owned))
    }

    /// The name of a row's domain.
    pub(super) fn domain(&self, row: usize) -> Option<&'a str> {
        let domain = *self.domains?.get(row)?;
        self.domain_names.get(usize::try_from(domain).ok()?).map(String::as_str)
    }

    fn write_tensors(
        &self,
        path: &Path,
        embeddings: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<()> {
        let mut metadata = BTreeMap::new();
        let mut add = |key: &str, value: serde_json::Result<String>| -> Result<()> {
            let value = value.map_err(|e| Error::Invalid(format!("{}: `{key}`: {e}", path.display())))?;
            metadata.insert(key.to_owned(), value);
            Ok(())
        };
        if !self.domain_names.is_empty() {
            add("domains", serde_json::to_string(self.domain_names))?;
        }
        if !self.paths.is_empty() && self.rows <= LISTED_PATHS {
            add("paths", serde_json::to_string(&self.paths.iter().collect::<Vec<_>>()))?;
        }
        if let Some(embedder) = self.embedder {
            add("embedder", serde_json::to_string(embedder))?;
        }
        let n = self.rows;
        let mut shapes = Vec::new();
        shapes.extend(self.labels.map(|_| TensorShape::new("labels", Dtype::I64, [n])));
        shapes.extend(self.domains.map(|_| TensorShape::new("domains", Dtype::I64, [n])));
        let [name_ends, names] = self.label_names.shapes("label_names");
        let [path_ends, paths] = self.paths.shapes("paths");
        let (has_names, has_paths) = (!self.label_names.is_empty(), !self.paths.is_empty());
        shapes.extend(has_names.then_some(name_ends));
        shapes.extend(has_paths.then_some(path_ends));
        shapes.push(TensorShape::new("embeddings", Dtype::F32, [n, self.dim]));
        shapes.extend(has_names.then_some(names));
        shapes.extend(has_paths.then_some(paths));
        files::write_with(path, &WriteOptions::default(), |out| {
            out.write_all(&header(&shapes, &metadata))?;
            for ids in [self.labels, self.domains].into_iter().flatten() {
                ids.iter().try_for_each(|id| out.write_all(&id.to_le_bytes()))?;
            }
            for (column, is_there) in [(self.label_names, has_names), (self.paths, has_paths)] {
                if is_there {
                    out.write_all(&column.end_bytes())?;
                }
            }
            embeddings(out)?;
            for (column, is_there) in [(self.label_names, has_names), (self.paths, has_paths)] {
                if is_there {
                    out.write_all(column.text_bytes())?;
                }
            }
            Ok(())
        })
    }
}

impl Embeddings {
    /// Writes the file in the format of its name ([`EmbeddingsFormat::of`]), the same bytes for the same values.
    ///
    /// # Errors
    /// [`Error::Io`] when the disk is full or read-only, and those of [`EmbeddingsFormat::of`].
    pub fn write(&self, path: &Path) -> Result<()> {
        let rows = |out: &mut dyn Write| self.values.iter().try_for_each(|v| out.write_all(&v.to_le_bytes()));
        Columns::of(self, self.len()).write(path, rows)
    }
}
