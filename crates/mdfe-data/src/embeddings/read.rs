//! Reading a file.

use super::{Embeddings, EmbeddingsFormat, npy, table, write::Columns};
use crate::{
    Error, Result,
    tensors::{TensorFile, TextColumn},
};
use safetensors::Dtype;
use std::{
    io::{self, Write},
    path::Path,
};

/// A file of embeddings that is open: what is known about the rows is in memory, the embeddings are read as they are asked for.
#[derive(Debug)]
pub struct EmbeddingsFile {
    pub(super) rows: usize,
    /// Everything but the values.
    pub(super) facts: Embeddings,
    pub(super) values: Values,
}

/// Where the embeddings lie.
#[derive(Debug)]
pub(super) enum Values {
    /// In the tensor `embeddings` of this dtype.
    Tensor(TensorFile, Dtype),
    /// In a `.npy` file.
    Npy(npy::Array),
    /// In a column of a Parquet file.
    #[cfg_attr(not(feature = "parquet"), expect(dead_code, reason = "no such file is opened in that build"))]
    Table(table::TableValues),
}

/// Rows that are in memory at once.
const CHUNK: usize = 1024;

impl EmbeddingsFile {
    /// Opens a file in the format of its name and checks every shape against N.
    ///
    /// # Errors
    /// [`Error::Io`] when it cannot be read, [`Error::Malformed`] names the tensor, key, column or line that does not fit,
    /// and those of [`EmbeddingsFormat::of`].
    pub fn open(path: &Path) -> Result<Self> {
        match EmbeddingsFormat::of(path)? {
            EmbeddingsFormat::Safetensors => tensors(path),
            EmbeddingsFormat::Npy => npy::open(path),
            EmbeddingsFormat::Parquet => table::open(path),
        }
    }

    /// Number of rows, N.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Everything but the values, which are empty here.
    pub fn facts(&self) -> &Embeddings {
        &self.facts
    }

    /// Hands the embeddings to `sink` in order, some rows `[n, D]` at a time.
    ///
    /// # Errors
    /// Those of reading, and those of `sink`.
    pub fn each(&self, sink: &mut dyn FnMut(&[f32]) -> Result<()>) -> Result<()> {
        match &self.values {
            Values::Npy(array) => array.each(sink),
            Values::Table(table) => table.each(sink),
            Values::Tensor(file, dtype) => {
                let dim = self.facts.dim;
                let bytes = file.tensor("embeddings", *dtype, &[self.rows, dim])?;
                let row = (bytes.len() / self.rows.max(1)).max(1);
                bytes.chunks(CHUNK * row).try_for_each(|chunk| sink(&floats(file, *dtype, chunk)?))
            }
        }
    }

    /// Writes the same embeddings to `path`, in the format of its name. Memory does not follow N x D.
    ///
    /// # Errors
    /// Those of reading, [`Error::Io`] when the disk is full or read-only. `path` is then as it was before.
    pub fn write(&self, path: &Path) -> Result<()> {
        Columns::of(&self.facts, self.rows).write(path, |out: &mut dyn Write| {
            let rows = |chunk: &[f32]| {
                let written = chunk.iter().try_for_each(|v| out.write_all(&v.to_le_bytes()));
                written.map_err(Error::io("write", path))
            };
            let mut rows = rows;
            self.each(&mut rows).map_err(io::Error::other)
        })
    }

    /// All of it in memory.
    ///
    /// # Errors
    /// Those of reading.
    pub fn load(self) -> Result<Embeddings> {
        let mut values = Vec::with_capacity(self.rows * self.facts.dim);
        self.each(&mut |chunk| {
            values.extend_from_slice(chunk);
            Ok(())
        })?;
        Ok(Embeddings { values, ..self.facts })
    }
}

impl Embeddings {
    /// Reads a file in any of the formats: see [`EmbeddingsFile::open`].
    ///
    /// # Errors
    /// Those of [`EmbeddingsFile::open`].
    pub fn read(path: &Path) -> Result<Self> {
        EmbeddingsFile::open(path)?.load()
    }
}

/// Opens a safetensors file, f32, f16 or bf16.
fn tensors(path: &Path) -> Result<EmbeddingsFile> {
    let file = TensorFile::open(path)?;
    let (dtype, n, dim) = match file.shape("embeddings") {
        Some((dtype, &[n, dim])) => (dtype, n, dim),
        Some((_, shape)) => {
            return Err(file.fault(format!("`embeddings` has the shape {shape:?}, expected [N, D]")));
        }
        None => {
            return Err(
                file.fault("has no tensor `embeddings` of shape [N, D]; `mdfe embed` writes one".into())
            );
        }
    };
    file.tensor("embeddings", dtype, &[n, dim])?;
    floats(&file, dtype, &[])?;
    let ints = |key: &str| -> Result<Option<Vec<i64>>> {
        file.shape(key).is_some().then(|| file.ints(key, n)).transpose()
    };
    let (labels, domains) = (ints("labels")?, ints("domains")?);
    let classes = file.shape("label_names_ends").and_then(|(_, shape)| shape.first().copied());
    let label_names = TextColumn::read(&file, "label_names", classes.unwrap_or(0))?.unwrap_or_default();
    if !label_names.is_empty() {
        in_range(&file, "labels", labels.as_deref(), label_names.len())?;
    }
    let domain_names = list(&file, "domains")?;
    in_range(&file, "domains", domains.as_deref(), domain_names.len())?;
    let paths = match TextColumn::read(&file, "paths", n)? {
        Some(paths) => paths,
        None => list(&file, "paths")?.iter().map(String::as_str).collect(),
    };
    if !paths.is_empty() && paths.len() != n {
        return Err(file.fault(format!("metadata key `paths` lists {} paths for {n} rows", paths.len())));
    }
    let embedder = match file.metadata("embedder") {
        None => None,
        Some(text) => Some(
            serde_json::from_str(text).map_err(|e| file.fault(format!("metadata key `embedder`: {e}")))?,
        ),
    };
    let facts =
        Embeddings { values: Vec::new(), dim, labels, label_names, domains, domain_names, paths, embedder };
    Ok(EmbeddingsFile { rows: n, facts, values: Values::Tensor(file, dtype) })
}

/// Refuses ids that name nothing.
fn in_range(file: &TensorFile, key: &str, ids: Option<&[i64]>, names: usize) -> Result<()> {
    let within = |id: i64| usize::try_from(id).is_ok_and(|id| id < names);
    match ids.unwrap_or_default().iter().find(|id| !within(**id)) {
        Some(id) => Err(file.fault(format!("`{key}` holds {id}, but the file names {names} {key}"))),
        None => Ok(()),
    }
}

/// A JSON list under a metadata key; empty where there is none.
fn list(file: &TensorFile, key: &str) -> Result<Vec<String>> {
    match file.metadata(key) {
        None => Ok(Vec::new()),
        Some(text) => serde_json::from_str(text)
            .map_err(|e| file.fault(format!("metadata key `{key}` is not a JSON list of strings ({e})"))),
    }
}

/// The values of a floating point tensor as f32.
fn floats(file: &TensorFile, dtype: Dtype, bytes: &[u8]) -> Result<Vec<f32>> {
    let halves = || bytes.as_chunks::<2>().0.iter();
    match dtype {
        Dtype::F32 => Ok(bytes.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect()),
        Dtype::F16 => Ok(halves().map(|b| half::f16::from_le_bytes(*b).to_f32()).collect()),
        Dtype::BF16 => Ok(halves().map(|b| half::bf16::from_le_bytes(*b).to_f32()).collect()),
        _ => Err(file.fault(format!("`embeddings` is {dtype:?}, expected F32, F16 or BF16"))),
    }
}
