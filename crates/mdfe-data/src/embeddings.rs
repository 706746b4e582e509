//! Embeddings on disk: the file that `mdfe embed` writes and `mdfe evaluate` and `mdfe search` read.
//!
//! A safetensors file with `embeddings [N, D]` (f32) and, where known, `labels [N]` (i64) and `domains [N]` (i64, positions in
//! the JSON list under the metadata key `domains`). The metadata key `paths` holds the images' paths as a JSON list.

use crate::{Error, Result, write_atomically};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use std::{collections::HashMap, path::Path};

/// Embeddings with what is known about each row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Embeddings {
    /// `[N, D]`, row-major.
    pub values: Vec<f32>,
    /// Width of the embedding, D.
    pub dim: usize,
    /// Class label of each row, `[N]`.
    pub labels: Option<Vec<i64>>,
    /// Domain of each row as a position in `domain_names`, `[N]`.
    pub domains: Option<Vec<i64>>,
    /// Names of the domains.
    pub domain_names: Vec<String>,
    /// Path of each row's image, `[N]`; empty where the file has none.
    pub paths: Vec<String>,
}

impl Embeddings {
    /// Number of rows, N.
    pub fn len(&self) -> usize {
        self.values.len().checked_div(self.dim).unwrap_or(0)
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Reads a file, f32, f16 or bf16, and checks every shape against N.
    ///
    /// # Errors
    /// [`Error::Io`] when it cannot be read, [`Error::Malformed`] names the tensor or key that does not fit.
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(Error::io("read", path))?;
        let bad = |reason: String| Error::Malformed { path: path.to_path_buf(), line: None, reason };
        let (_, header) = SafeTensors::read_metadata(&bytes)
            .map_err(|e| bad(format!("is not a whole safetensors file ({e}); `mdfe embed` writes one")))?;
        let file = SafeTensors::deserialize(&bytes).map_err(|e| bad(e.to_string()))?;
        let embeddings = file
            .tensor("embeddings")
            .map_err(|_| bad("has no tensor `embeddings` of shape [N, D]".into()))?;
        let &[n, dim] = embeddings.shape() else {
            return Err(bad(format!("`embeddings` has the shape {:?}, expected [N, D]", embeddings.shape())));
        };
        let values = floats(&embeddings).ok_or_else(|| {
            bad(format!("`embeddings` is {:?}, expected F32, F16 or BF16", embeddings.dtype()))
        })?;
        let ints = |key: &str| -> Result<Option<Vec<i64>>> {
            let Ok(t) = file.tensor(key) else { return Ok(None) };
            if t.dtype() != Dtype::I64 || t.shape() != [n] {
                let got = format!("{:?} {:?}", t.dtype(), t.shape());
                return Err(bad(format!(
                    "`{key}` is {got}, expected I64 [{n}] beside `embeddings` [{n}, {dim}]"
                )));
            }
            Ok(Some(t.data().as_chunks::<8>().0.iter().map(|b| i64::from_le_bytes(*b)).collect()))
        };
        let list = |key: &str| -> Result<Vec<String>> {
            match header.metadata().as_ref().and_then(|m| m.get(key)) {
                None => Ok(Vec::new()),
                Some(text) => serde_json::from_str(text)
                    .map_err(|e| bad(format!("metadata key `{key}` is not a JSON list of strings ({e})"))),
            }
        };
        let (paths, domain_names) = (list("paths")?, list("domains")?);
        if !paths.is_empty() && paths.len() != n {
            return Err(bad(format!("metadata key `paths` lists {} paths for {n} rows", paths.len())));
        }
        let (labels, domains) = (ints("labels")?, ints("domains")?);
        let names = domain_names.len() as i64;
        if let Some(d) = domains.iter().flatten().find(|&&d| d < 0 || d >= names) {
            return Err(bad(format!(
                "`domains` holds {d}, but the metadata key `domains` names {names} domains"
            )));
        }
        Ok(Self { values, dim, labels, domains, domain_names, paths })
    }

    /// Writes the file, the same bytes for the same values.
    ///
    /// # Errors
    /// [`Error::Io`] when the disk is full or read-only.
    pub fn write(&self, path: &Path) -> Result<()> {
        let bad = |reason: String| Error::Malformed { path: path.to_path_buf(), line: None, reason };
        let n = self.len();
        let values: Vec<u8> = self.values.iter().flat_map(|v| v.to_le_bytes()).collect();
        let ints = |v: &[i64]| v.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>();
        let mut data = vec![("embeddings", Dtype::F32, vec![n, self.dim], values)];
        data.extend(self.labels.as_ref().map(|v| ("labels", Dtype::I64, vec![n], ints(v))));
        data.extend(self.domains.as_ref().map(|v| ("domains", Dtype::I64, vec![n], ints(v))));
        let mut views = Vec::new();
        for (key, dtype, shape, bytes) in &data {
            views
                .push((*key, TensorView::new(*dtype, shape.clone(), bytes).map_err(|e| bad(e.to_string()))?));
        }
        let mut metadata = HashMap::new();
        for (key, list) in [("paths", &self.paths), ("domains", &self.domain_names)] {
            if !list.is_empty() {
                let json = serde_json::to_string(list).map_err(|e| bad(e.to_string()))?;
                metadata.insert(key.to_owned(), json);
            }
        }
        let bytes = safetensors::serialize(views, Some(metadata)).map_err(|e| bad(e.to_string()))?;
        write_atomically(
            path,
            &sort_metadata(bytes).ok_or_else(|| bad("the header cannot be sorted".into()))?,
        )
    }
}

/// The numbers of a floating point tensor as f32.
fn floats(t: &TensorView<'_>) -> Option<Vec<f32>> {
    let halves = || t.data().as_chunks::<2>().0.iter();
    match t.dtype() {
        Dtype::F32 => Some(t.data().as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect()),
        Dtype::F16 => Some(halves().map(|b| half::f16::from_le_bytes(*b).to_f32()).collect()),
        Dtype::BF16 => Some(halves().map(|b| half::bf16::from_le_bytes(*b).to_f32()).collect()),
        _ => None,
    }
}

/// Rewrites the header with the metadata keys in order: the library writes them in a hash map's, which differs from run to run.
fn sort_metadata(bytes: Vec<u8>) -> Option<Vec<u8>> {
    let (length, rest) = bytes.split_first_chunk::<8>()?;
    let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
    let (header, data) = rest.split_at_checked(length)?;
    let mut header: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(header).ok()?;
    if let Some(serde_json::Value::Object(metadata)) = header.get_mut("__metadata__") {
        metadata.sort_keys();
    }
    let mut text = serde_json::to_string(&header).ok()?.into_bytes();
    text.resize(text.len().next_multiple_of(8), b' ');
    let mut out = (text.len() as u64).to_le_bytes().to_vec();
    out.extend(text);
    out.extend(data);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> Embeddings {
        Embeddings {
            values: vec![1.0, 0.0, 0.6, 0.8],
            dim: 2,
            labels: Some(vec![3, -1]),
            domains: Some(vec![1, 0]),
            domain_names: vec!["cars".into(), "food".into()],
            paths: vec!["a.jpg".into(), "b \"c\".jpg".into()],
        }
    }

    #[test]
    fn embeddings_read_back_and_every_write_gives_the_same_bytes() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.safetensors");
        example().write(&path).unwrap();
        let first = std::fs::read(&path).unwrap();
        assert_eq!(Embeddings::read(&path).unwrap(), example());
        for _ in 0..8 {
            example().write(&path).unwrap();
            assert_eq!(first, std::fs::read(&path).unwrap());
        }
    }

    #[test]
    fn wrong_shapes_and_ids_name_the_tensor() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.safetensors");
        let message = |e: Embeddings| {
            e.write(&path).unwrap();
            Embeddings::read(&path).unwrap_err().to_string()
        };
        let out_of_range = message(Embeddings { domains: Some(vec![0, 2]), ..example() });
        assert!(out_of_range.contains("`domains` holds 2"), "{out_of_range}");
        let paths = message(Embeddings { paths: vec!["one".into()], ..example() });
        assert!(paths.contains("lists 1 paths for 2 rows"), "{paths}");
        std::fs::write(&path, b"path,label\n").unwrap();
        let text = Embeddings::read(&path).unwrap_err().to_string();
        assert!(text.contains("x.safetensors") && text.contains("safetensors file"), "{text}");
    }
}
