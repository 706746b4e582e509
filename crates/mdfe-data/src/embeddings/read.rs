//! Reading a file.

use super::Embeddings;
use crate::{
    Result,
    tensors::{TensorFile, TextColumn},
};
use safetensors::Dtype;
use std::path::Path;

impl Embeddings {
    /// Reads a file, f32, f16 or bf16, and checks every shape against N.
    ///
    /// # Errors
    /// [`crate::Error::Io`] when it cannot be read, [`crate::Error::Malformed`] names the tensor or key that does not fit.
    pub fn read(path: &Path) -> Result<Self> {
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
        let values = floats(dtype, file.tensor("embeddings", dtype, &[n, dim])?)
            .ok_or_else(|| file.fault(format!("`embeddings` is {dtype:?}, expected F32, F16 or BF16")))?;
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
                serde_json::from_str(text)
                    .map_err(|e| file.fault(format!("metadata key `embedder`: {e}")))?,
            ),
        };
        Ok(Self { values, dim, labels, label_names, domains, domain_names, paths, embedder })
    }
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
fn floats(dtype: Dtype, bytes: &[u8]) -> Option<Vec<f32>> {
    let halves = || bytes.as_chunks::<2>().0.iter();
    match dtype {
        Dtype::F32 => Some(bytes.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect()),
        Dtype::F16 => Some(halves().map(|b| half::f16::from_le_bytes(*b).to_f32()).collect()),
        Dtype::BF16 => Some(halves().map(|b| half::bf16::from_le_bytes(*b).to_f32()).collect()),
        _ => None,
    }
}
