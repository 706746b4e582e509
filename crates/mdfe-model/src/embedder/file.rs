//! The embedder's file: a safetensors file whose one metadata key `mdfe` is a JSON record.

use crate::{
    Error, Layer, Projection, Result, Weights,
    weights::{SafetensorsFile, TensorSource},
};
use mdfe_data::{PreprocessRecord, store::BackboneId, write_atomically};
use safetensors::{Dtype, tensor::TensorView};
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
    /// Tensors `projection.hidden.weight [H, D_in]`, `projection.hidden.bias [H]`, `projection.weight [D, H]` and `projection.bias [D]`.
    Mlp,
    /// Adaptive average pooling, no tensors.
    AvgPool,
    /// The features themselves, no tensors.
    Identity,
}

impl ProjectionKind {
    /// The kind of a projection.
    pub fn of(projection: &Projection) -> Self {
        match projection {
            Projection::Linear { .. } => Self::Linear,
            Projection::Mlp { .. } => Self::Mlp,
            Projection::AvgPool { .. } => Self::AvgPool,
            Projection::Identity { .. } => Self::Identity,
        }
    }
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
    /// Width between the two layers of an MLP, H.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hidden_dim: Option<usize>,
    /// How it was trained: data sets, loss, optimizer, seed, scores. For people; only [`Self::nested_dims`] reads of it.
    pub training: serde_json::Value,
}

impl EmbedderMeta {
    /// Name and version of the format.
    pub const FORMAT: &str = "mdfe-embedder-2";

    /// The record of a projection on a backbone; kind and widths are the projection's.
    pub fn new(
        backbone: BackboneId,
        preprocess: PreprocessRecord,
        projection: &Projection,
        training: serde_json::Value,
    ) -> Self {
        Self {
            format: Self::FORMAT.to_owned(),
            backbone,
            preprocess,
            projection: ProjectionKind::of(projection),
            feature_dim: projection.feature_dim(),
            embed_dim: projection.embed_dim(),
            hidden_dim: projection.hidden_dim(),
            training,
        }
    }

    /// The prefixes of the embedding that were trained to work by themselves (`loss.nested_dims`), those of the last stage.
    pub fn nested_dims(&self) -> Vec<usize> {
        let recipe = |at: &str| self.training.pointer(at).filter(|recipe| recipe.is_object());
        let last = self.training["stages"].as_array().and_then(|stages| stages.last());
        let recipe = last.or_else(|| recipe("/recipe")).or_else(|| recipe("/experiment"));
        let dims = recipe.and_then(|recipe| recipe.pointer("/loss/nested_dims"));
        dims.and_then(|dims| serde_json::from_value(dims.clone()).ok()).unwrap_or_default()
    }
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

/// What every format has: another may lack the fields of this one.
#[derive(Deserialize)]
struct FormatOnly {
    format: String,
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
        let file = SafetensorsFile::open(&path, "an mdfe embedder")?;
        let meta = file.metadata(HEADER_KEY).ok_or_else(|| {
            file.misfit(format!(
                "it has no metadata key `{HEADER_KEY}`; an embedder is written by `mdfe train`"
            ))
        })?;
        let format: FormatOnly = serde_json::from_str(meta)
            .map_err(|e| file.misfit(format!("its metadata cannot be read: {e}")))?;
        if format.format != EmbedderMeta::FORMAT {
            let known = EmbedderMeta::FORMAT;
            return Err(file.misfit(format!(
                "its format is {}, this build reads {known}; train it again, or use the release that wrote it",
                format.format
            )));
        }
        let meta: EmbedderMeta = serde_json::from_str(meta)
            .map_err(|e| file.misfit(format!("its metadata cannot be read: {e}")))?;
        let read = |key: &str, shape: &[usize]| -> Result<Vec<f32>> {
            let t = file.view(key)?;
            if t.dtype() != Dtype::F32 || t.shape() != shape {
                let (dtype, found) = (t.dtype(), t.shape());
                return Err(file.misfit(format!("`{key}` is {dtype} {found:?}, expected F32 {shape:?}")));
            }
            Ok(t.data().as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect())
        };
        let (feature_dim, embed_dim) = (meta.feature_dim, meta.embed_dim);
        let projection = match meta.projection {
            ProjectionKind::Linear => Projection::linear(
                read("projection.weight", &[embed_dim, feature_dim])?,
                read("projection.bias", &[embed_dim])?,
            )?,
            ProjectionKind::Mlp => {
                let hidden_dim = meta.hidden_dim.unwrap_or_default();
                Projection::mlp(
                    Layer {
                        weight: read("projection.hidden.weight", &[hidden_dim, feature_dim])?,
                        bias: read("projection.hidden.bias", &[hidden_dim])?,
                    },
                    Layer {
                        weight: read("projection.weight", &[embed_dim, hidden_dim])?,
                        bias: read("projection.bias", &[embed_dim])?,
                    },
                )?
            }
            ProjectionKind::AvgPool => Projection::AvgPool { feature_dim, embed_dim },
            ProjectionKind::Identity => Projection::Identity { feature_dim },
        };
        let carries_backbone = file.keys().iter().any(|key| key.starts_with(BACKBONE_PREFIX));
        Ok(Self { meta, projection, standalone: carries_backbone.then_some(path) })
    }

    /// Writes the embedder to `path`, beside it first and renamed when whole.
    ///
    /// With `backbone_weights` (safetensors files, the shards of one model) the backbone's tensors are written too, so that the one file suffices.
    ///
    /// # Errors
    /// [`Error::Weights`] when `backbone_weights` cannot be read, [`Error::Data`] when the disk is full or read-only.
    pub fn save(&self, path: &Path, backbone_weights: &[PathBuf]) -> Result<()> {
        let name = &self.meta.backbone.name;
        let bad = |problems: String| Error::misfit(path, name, problems);
        let own = self.own_tensors();
        let mut views = views(&own).map_err(&bad)?;
        const WHOLE: &str = "a standalone embedder, into which only safetensors files go";
        let shards: Vec<_> =
            backbone_weights.iter().map(|file| SafetensorsFile::open(file, WHOLE)).collect::<Result<_>>()?;
        for shard in &shards {
            for key in shard.keys() {
                views.push((format!("{BACKBONE_PREFIX}{key}"), shard.view(&key)?));
            }
        }
        self.write(path, views)
    }

    /// [`EmbedderFile::save`] with a backbone that was tuned: all tensors of `backbone`, in f32.
    ///
    /// # Errors
    /// [`Error::Candle`] from the tensors, [`Error::Data`] when the disk is full or read-only.
    pub fn save_tuned(&self, path: &Path, backbone: &Weights) -> Result<()> {
        let mut own = self.own_tensors();
        for key in backbone.keys() {
            let tensor = backbone.get_any(&key)?;
            let values = tensor.flatten_all()?.to_vec1::<f32>()?;
            own.push(OwnTensor {
                key: format!("{BACKBONE_PREFIX}{key}"),
                shape: tensor.dims().to_vec(),
                bytes: le(&values),
            });
        }
        let name = &self.meta.backbone.name;
        self.write(path, views(&own).map_err(|problems| Error::misfit(path, name, problems))?)
    }

    /// The tensors of the projection.
    fn own_tensors(&self) -> Vec<OwnTensor> {
        let (d, din) = (self.meta.embed_dim, self.meta.feature_dim);
        let layer = |name: &str, [outputs, inputs]: [usize; 2], weight: &[f32], bias: &[f32]| {
            [
                OwnTensor { key: format!("{name}.weight"), shape: vec![outputs, inputs], bytes: le(weight) },
                OwnTensor { key: format!("{name}.bias"), shape: vec![outputs], bytes: le(bias) },
            ]
        };
        match &self.projection {
            Projection::Linear { weight, bias } => layer("projection", [d, din], weight, bias).into(),
            Projection::Mlp { hidden, last } => {
                let h = hidden.bias.len();
                let first = layer("projection.hidden", [h, din], &hidden.weight, &hidden.bias);
                first.into_iter().chain(layer("projection", [d, h], &last.weight, &last.bias)).collect()
            }
            Projection::AvgPool { .. } | Projection::Identity { .. } => Vec::new(),
        }
    }

    fn write(&self, path: &Path, views: Vec<(String, TensorView<'_>)>) -> Result<()> {
        let bad = |problems: String| Error::misfit(path, &self.meta.backbone.name, problems);
        let meta = serde_json::to_string(&self.meta).map_err(|e| bad(e.to_string()))?;
        // One metadata key: the order of several would follow a hash map's and the bytes with it.
        let header = HashMap::from([(HEADER_KEY.to_owned(), meta)]);
        let bytes = safetensors::serialize(views, Some(header)).map_err(|e| bad(e.to_string()))?;
        Ok(write_atomically(path, &bytes)?)
    }
}

/// A tensor that is written.
struct OwnTensor {
    key: String,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

/// Values as they are stored.
fn le(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|x| x.to_le_bytes()).collect()
}

fn views(tensors: &[OwnTensor]) -> std::result::Result<Vec<(String, TensorView<'_>)>, String> {
    let mut out = Vec::new();
    for OwnTensor { key, shape, bytes } in tensors {
        let view = TensorView::new(Dtype::F32, shape.clone(), bytes).map_err(|e| e.to_string())?;
        out.push((key.clone(), view));
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Weights;
    use mdfe_data::identity::Fingerprint;

    fn example() -> EmbedderFile {
        EmbedderFile {
            meta: EmbedderMeta {
                format: EmbedderMeta::FORMAT.into(),
                backbone: BackboneId {
                    name: "toy".into(),
                    architecture: Fingerprint::of(b"architecture"),
                    weights: Fingerprint::of(b"weights"),
                    commit: None,
                    proj_layer: false,
                },
                preprocess: PreprocessRecord::plain([8, 8]),
                projection: ProjectionKind::Linear,
                feature_dim: 3,
                embed_dim: 2,
                hidden_dim: None,
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
        let backbone = Weights::open_below(&path, BACKBONE_PREFIX).unwrap();
        assert_eq!(backbone.keys(), ["norm.weight"]);
        assert_eq!(backbone.get("norm.weight", &[1]).unwrap().to_vec1::<f32>().unwrap(), [1.5]);
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
