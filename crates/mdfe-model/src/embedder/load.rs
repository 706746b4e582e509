//! An embedder at work: backbone, projection and transform together.

use super::{EmbedderFile, EmbedderMeta};
use crate::{
    Error, LoadOptions, LoadedBackbone, Projection, Result,
    extract::{FeatureSource, PipelineOptions, features_of},
    load_backbone,
};
use mdfe_data::{PreprocessRecord, store::BackboneId};
use std::path::{Path, PathBuf};

/// A loaded embedder, or a backbone without a projection.
pub struct Embedder {
    backbone: LoadedBackbone,
    options: LoadOptions,
    preprocess: PreprocessRecord,
    /// `None`: the backbone's features as they are.
    projection: Option<Projection>,
    meta: Option<EmbedderMeta>,
}

/// The vectors of some pictures.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Embedded {
    /// `[N, D]`, row-major: the readable pictures in order.
    pub values: Vec<f32>,
    /// Position of each row in the input.
    pub rows: Vec<usize>,
    /// Position and reason of every unreadable picture.
    pub skipped: Vec<(usize, String)>,
}

impl Embedder {
    /// The features of a backbone, without a projection.
    ///
    /// # Errors
    /// Those of [`load_backbone`].
    pub fn of_backbone(name: &str, options: LoadOptions) -> Result<Self> {
        let backbone = load_backbone(name, &options)?;
        Ok(Self { preprocess: backbone.record.clone(), backbone, options, projection: None, meta: None })
    }

    /// A trained embedder: `path` is a run folder or an embedder file.
    ///
    /// The backbone comes from `options.weights`, else from the embedder's own file (`--standalone`), else from the hub at the
    /// commit that the embedder was trained with.
    ///
    /// # Errors
    /// [`Error::Weights`] when the file does not fit, or when the backbone's weights are not those it was trained with.
    pub fn open(path: &Path, mut options: LoadOptions) -> Result<Self> {
        let file = EmbedderFile::open(path)?;
        let id = &file.meta.backbone;
        let embedded = options.weights.is_none() && file.standalone.is_some();
        if embedded {
            options.weights.clone_from(&file.standalone);
        } else if options.weights.is_none() && options.revision.is_none() {
            options.revision.clone_from(&id.commit);
        }
        options.proj_layer = id.proj_layer;
        options.img_size = Some(file.meta.preprocess.size[0]);
        let backbone = load_backbone(&id.name, &options)?;
        if !embedded && backbone.weights_hash != id.weights_hash {
            return Err(Error::Weights {
                path: options.weights.clone().unwrap_or_else(|| path.to_path_buf()),
                model: format!("the embedder {}", path.display()),
                problems: format!(
                    "its projection was trained on {} with the weights {}, these are {}; give the right file with --weights",
                    id.name, id.weights_hash, backbone.weights_hash
                ),
            });
        }
        Ok(Self {
            preprocess: file.meta.preprocess.clone(),
            backbone,
            options,
            projection: Some(file.projection),
            meta: Some(file.meta),
        })
    }

    /// What the file says about a trained embedder; `None` for a bare backbone.
    pub fn meta(&self) -> Option<&EmbedderMeta> {
        self.meta.as_ref()
    }

    /// Drops the projection: the features come out.
    pub fn without_projection(self) -> Self {
        Self { projection: None, ..self }
    }

    /// Width of the vectors, D (D_in without a projection).
    pub fn dim(&self) -> usize {
        self.projection.as_ref().map_or(self.backbone.backbone.feature_dim(), Projection::embed_dim)
    }

    /// The backbone with everything that decides its features.
    pub fn source(&self) -> FeatureSource<'_> {
        let trained = self.meta.as_ref().map(|m| m.backbone.clone());
        FeatureSource {
            backbone: self.backbone.backbone.as_ref(),
            id: trained.unwrap_or_else(|| self.backbone.id(self.options.proj_layer)),
            preprocess: self.preprocess.clone(),
            device: self.options.device.clone(),
            dtype: self.options.dtype,
        }
    }

    /// Vectors of `paths`, in order; unreadable pictures are listed, not lost. `watch` is told how many are done and
    /// returns whether to go on.
    ///
    /// # Errors
    /// [`Error::Candle`] from the backbone.
    pub fn embed(
        &self,
        paths: &[PathBuf],
        options: PipelineOptions,
        mut watch: impl FnMut(usize) -> bool,
    ) -> Result<Embedded> {
        let mut out = Embedded::default();
        let mut features = Vec::new();
        features_of(&self.source(), paths, options, |_| false, |item, row| {
            match row {
                Ok(row) => {
                    features.extend_from_slice(row);
                    out.rows.push(item);
                }
                Err(reason) => out.skipped.push((item, reason)),
            }
            Ok(watch(item + 1))
        })?;
        out.values = match &self.projection {
            Some(projection) => projection.embed(&features)?,
            None => features,
        };
        Ok(out)
    }
}

impl LoadedBackbone {
    /// The identity that goes into feature stores and embedders.
    pub fn id(&self, proj_layer: bool) -> BackboneId {
        BackboneId {
            name: self.name.clone(),
            weights_hash: self.weights_hash.clone(),
            commit: self.commit.clone(),
            proj_layer,
        }
    }
}
