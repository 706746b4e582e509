//! The embedder's file: a safetensors file whose one metadata key `mdfe` is a JSON record.

use crate::{Error, Projection, Result};
use mdfe_data::{PreprocessRecord, store::BackboneId, write_atomically};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use serde::{Deserialize, Serialize};
use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

/// Which projection an embedder has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProjectionKind {
    /// Tensors `projection.weight [D, D_in]` and `projection.bias [D]`.
    Linear,
    /// Adaptive average pooling, no tensors.
    AvgPool,
    /// The features themselves, no tensors.
    Identity,
}

/// Everything about an embedder that is not a tensor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EmbedderMeta {
    /// Always [`EmbedderMeta::FORMAT`].
    pub format: String,
    /// The backbone, pinned by the hash of its weights.
    pub backbone: BackboneId,
    /// The transform that the projection was trained with.
    pub preprocess: PreprocessRecord,
    /// Kind of projection.
    pub projection: ProjectionKind,
    /// Width of the features, D_in.
    pub feature_dim: usize,
    /// Width of the embedding, D.
    pub embed_dim: usize,
    /// How it was trained: data sets, loss, optimizer, seed, scores. For people; nothing reads it back.
    pub training: serde_json::Value,
}

impl EmbedderMeta {
    /// Name and version of the format.
    pub const FORMAT: &str = "mdfe-embedder-1";
}

/// An embedder as it lies on disk.
#[derive(Clone, Debug, PartialEq)]
pub struct EmbedderFile {
    /// The record.
    pub meta: EmbedderMeta,
    /// The projection.
    pub projection: Projection,
    /// File that holds the backbone's tensors too (`--standalone`), under keys that start with `backbone.`.
    pub standalone: Option<PathBuf>,
}

const HEADER_KEY: &str = "mdfe";
/// Prefix of the backbone's keys in a standalone file.
pub(crate) const BACKBONE_PREFIX: &str = "backbone.";

impl EmbedderFile {
    /// File name in a run folder.
    pub const FILE: &str = "embedder.safetensors";

    /// Reads the embedder in `path`, a file or a run folder that holds one.
    ///
    /// # Errors
    /// [`Error::Weights`] names the file and what does not fit.
    pub fn open(path: &Path) -> Result<Self> {
        let path = if path.is_dir() { path.join(Self::FILE) } else { path.to_path_buf() };
        let bytes = std::fs::read(&path).map_err(|source| Error::Io {
            action: "read the embedder",
            path: path.clone(),
            source,
        })?;
        let bad = |problems: String| Error::Weights {
            path: path.clone(),
            model: "an mdfe embedder".to_owned(),
            problems,
        };
        let (_, header) = SafeTensors::read_metadata(&bytes)
            .map_err(|e| bad(format!("it is not a whole safetensors file ({e})")))?;
        let meta = header.metadata().as_ref().and_then(|m| m.get(HEADER_KEY)).ok_or_else(|| {
            bad(format!("it has no metadata key `{HEADER_KEY}`; an embedder is written by `mdfe train`"))
        })?;
        let meta: EmbedderMeta =
            serde_json::from_str(meta).map_err(|e| bad(format!("its metadata cannot be read: {e}")))?;
        if meta.format != EmbedderMeta::FORMAT {
            return Err(bad(format!(
                "its format is {}, this build reads {}",
                meta.format,
                EmbedderMeta::FORMAT
            )));
        }
        let tensors = SafeTensors::deserialize(&bytes).map_err(|e| bad(e.to_string()))?;
        let read = |key: &str, shape: &[usize]| -> Result<Vec<f32>> {
            let t = tensors.tensor(key).map_err(|_| bad(format!("tensor `{key}` is missing")))?;
            if t.dtype() != Dtype::F32 || t.shape() != shape {
                return Err(bad(format!(
                    "`{key}` is {:?} {:?}, expected F32 {shape:?}",
                    t.dtype(),
                    t.shape()
                )));
            }
            Ok(t.data().as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect())
        };
        let (feature_dim, embed_dim) = (meta.feature_dim, meta.embed_dim);
        let projection = match meta.projection {
            ProjectionKind::Linear => Projection::linear(
                read("projection.weight", &[embed_dim, feature_dim])?,
                read("projection.bias", &[embed_dim])?,
            )?,
            ProjectionKind::AvgPool => Projection::AvgPool { feature_dim, embed_dim },
            ProjectionKind::Identity => Projection::Identity { feature_dim },
        };
        let standalone = tensors.names().iter().any(|n| n.starts_with(BACKBONE_PREFIX)).then(|| path.clone());
        Ok(Self { meta, projection, standalone })
    }

    /// Writes the embedder to `path`, beside it first and renamed when whole.
    ///
    /// With `backbone_weights` (safetensors files, the shards of one model) the backbone's tensors are written too, so that the one file suffices.
    ///
    /// # Errors
    /// [`Error::Weights`] when `backbone_weights` cannot be read, [`Error::Data`] when the disk is full or read-only.
    pub fn save(&self, path: &Path, backbone_weights: &[PathBuf]) -> Result<()> {
        let bad = |path: &Path, problems: String| Error::Weights {
            path: path.to_path_buf(),
            model: self.meta.backbone.name.clone(),
            problems,
        };
        let le = |v: &[f32]| v.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>();
        let mut own: Vec<(String, Vec<usize>, Vec<u8>)> = Vec::new();
        if let Projection::Linear { weight, bias } = &self.projection {
            let (d, din) = (self.meta.embed_dim, self.meta.feature_dim);
            own.push(("projection.weight".to_owned(), vec![d, din], le(weight)));
            own.push(("projection.bias".to_owned(), vec![d], le(bias)));
        }
        let mut views = Vec::new();
        for (key, shape, data) in &own {
            let view = TensorView::new(Dtype::F32, shape.clone(), data);
            views.push((key.clone(), view.map_err(|e| bad(path, e.to_string()))?));
        }
        let mut shards = Vec::new();
        for file in backbone_weights {
            shards.push(std::fs::read(file).map_err(|source| Error::Io {
                action: "read the backbone's weights",
                path: file.clone(),
                source,
            })?);
        }
        for (file, bytes) in backbone_weights.iter().zip(&shards) {
            let tensors = SafeTensors::deserialize(bytes)
                .map_err(|e| bad(file, format!("only a safetensors file can be embedded ({e})")))?;
            views.extend(tensors.tensors().into_iter().map(|(k, v)| (format!("{BACKBONE_PREFIX}{k}"), v)));
        }
        let meta = serde_json::to_string(&self.meta).map_err(|e| bad(path, e.to_string()))?;
        // One metadata key: the order of several would follow a hash map's and the bytes with it.
        let header = HashMap::from([(HEADER_KEY.to_owned(), meta)]);
        let bytes = safetensors::serialize(views, Some(header)).map_err(|e| bad(path, e.to_string()))?;
        Ok(write_atomically(path, &bytes)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mdfe_data::{CropMode, Interpolation};

    fn example() -> EmbedderFile {
        EmbedderFile {
            meta: EmbedderMeta {
                format: EmbedderMeta::FORMAT.into(),
                backbone: BackboneId {
                    name: "toy".into(),
                    weights_hash: "00".into(),
                    commit: None,
                    proj_layer: false,
                },
                preprocess: PreprocessRecord {
                    size: [8, 8],
                    mean: [0.5; 3],
                    std: [0.5; 3],
                    interpolation: Interpolation::Bicubic,
                    crop_mode: CropMode::Center,
                    crop_fraction: 1.0,
                    fill: 0,
                    exif_orientation: false,
                },
                projection: ProjectionKind::Linear,
                feature_dim: 3,
                embed_dim: 2,
                training: serde_json::json!({ "seed": 1 }),
            },
            projection: Projection::linear(vec![1., 2., 3., 4., 5., 6.], vec![7., 8.]).unwrap(),
            standalone: None,
        }
    }

    #[test]
    fn saved_embedder_reads_back_the_same_and_in_the_same_bytes() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(EmbedderFile::FILE);
        example().save(&path, &[]).unwrap();
        let first = std::fs::read(&path).unwrap();
        assert_eq!(EmbedderFile::open(dir.path()).unwrap(), example());
        example().save(&path, &[]).unwrap();
        assert_eq!(first, std::fs::read(&path).unwrap());
    }

    #[test]
    fn standalone_embedder_carries_the_backbones_tensors() {
        let dir = tempfile::tempdir().unwrap();
        let (weights, path) = (dir.path().join("w.safetensors"), dir.path().join("e.safetensors"));
        let data = 1.5f32.to_le_bytes();
        let view = TensorView::new(Dtype::F32, vec![1], &data).unwrap();
        std::fs::write(&weights, safetensors::serialize([("norm.weight", view)], None).unwrap()).unwrap();
        example().save(&path, &[weights]).unwrap();
        assert_eq!(EmbedderFile::open(&path).unwrap().standalone.as_deref(), Some(path.as_path()));
    }

    #[test]
    fn foreign_and_broken_files_name_themselves_and_the_problem() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.safetensors");
        std::fs::write(&path, b"not safetensors").unwrap();
        let message = EmbedderFile::open(&path).unwrap_err().to_string();
        assert!(
            message.contains("x.safetensors") && message.contains("not a whole safetensors"),
            "{message}"
        );
        let mut wrong = example();
        wrong.meta.feature_dim = 4;
        let message = wrong.save(&path, &[]).unwrap_err().to_string();
        assert!(message.contains("x.safetensors"), "{message}");
    }
}
