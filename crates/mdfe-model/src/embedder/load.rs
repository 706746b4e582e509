//! An embedder at work: backbone, projection and transform together.

use super::{EmbedderFile, EmbedderMeta, EmbedderParts, parts::Found};
use crate::{
    Backbone, LoadOptions, LoadedBackbone, Projection, Result,
    extract::{Extractor, ImageFile, PipelineOptions, RowResult, features_of},
    load_backbone,
};
use mdfe_data::{
    EmbedderId, PreprocessRecord,
    identity::Fingerprinter,
    store::{BackboneId, SpaceSpec},
};
use std::path::{Path, PathBuf};

/// A loaded embedder, or a backbone without a projection.
pub struct Embedder {
    pub(super) backbone: Box<dyn Backbone>,
    pub(super) id: BackboneId,
    pub(super) options: LoadOptions,
    pub(super) preprocess: PreprocessRecord,
    /// `None`: the backbone's features as they are.
    pub(super) projection: Option<Projection>,
    meta: Option<EmbedderMeta>,
}

/// The embeddings of some images.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Embedded {
    /// `[N, D]`, row-major: the readable images in order.
    pub values: Vec<f32>,
    /// Position of each row in the input.
    pub rows: Vec<usize>,
    /// Position and reason of every unreadable image.
    pub skipped: Vec<(usize, String)>,
}

/// Whose the features of a space are: those of the backbone without a projection, as [`Embedder::embedder_id`] has it.
pub fn feature_id(space: &SpaceSpec) -> EmbedderId {
    let mut all = of_features(&space.backbone, &space.preprocess);
    if let Some(variant) = &space.variant {
        // Features of augmented images are no embeddings of the images themselves.
        all.json("variant", variant);
    }
    EmbedderId { fingerprint: all.finish(), name: space.backbone.name.clone() }
}

/// What the features of a backbone are made of.
fn of_features(backbone: &BackboneId, preprocess: &PreprocessRecord) -> Fingerprinter {
    let mut all = Fingerprinter::new("mdfe embedder");
    all.field("architecture", backbone.architecture.as_bytes())
        .field("weights", backbone.weights.as_bytes())
        .json("proj_layer", &backbone.proj_layer)
        .json("preprocess", preprocess);
    all
}

impl Embedder {
    /// The features of a backbone, without a projection.
    ///
    /// # Errors
    /// Those of [`load_backbone`].
    pub fn of_backbone(name: &str, options: LoadOptions) -> Result<Self> {
        let LoadedBackbone { backbone, record, id, .. } = load_backbone(name, &options)?;
        Ok(Self { backbone, id, options, preprocess: record, projection: None, meta: None })
    }

    /// A trained embedder: `path` is a run folder or an embedder file.
    ///
    /// The backbone comes from `options.weights`, else from the embedder's own file (`--standalone`), else from the hub at the
    /// commit that the embedder was trained with.
    ///
    /// # Errors
    /// [`crate::Error::Weights`] when the file does not fit, or when the backbone's weights are not those it was trained with.
    pub fn open(path: &Path, mut options: LoadOptions) -> Result<Self> {
        let found = Found::of(EmbedderFile::open(path)?, path, &mut options)?;
        options.build.proj_layer = found.parts.id.proj_layer;
        let backbone = found.parts.build(&options)?;
        // After the build, which says which keys do not fit.
        found.check()?;
        let EmbedderParts { id, preprocess, projection, meta, .. } = found.parts;
        Ok(Self { backbone, id, options, preprocess, projection, meta })
    }

    /// What the file says about a trained embedder; `None` for a bare backbone.
    pub fn meta(&self) -> Option<&EmbedderMeta> {
        self.meta.as_ref()
    }

    /// Drops the projection: the features come out.
    pub fn without_projection(self) -> Self {
        Self { projection: None, ..self }
    }

    /// Width of the embeddings, D (D_in without a projection).
    pub fn dim(&self) -> usize {
        self.projection.as_ref().map_or(self.backbone.feature_dim(), Projection::embed_dim)
    }

    /// The backbone with everything that decides its features.
    pub fn extractor(&self) -> Extractor<'_> {
        Extractor {
            backbone: self.backbone.as_ref(),
            id: self.id.clone(),
            preprocess: self.preprocess.clone(),
            device: self.options.build.device.clone(),
            dtype: self.options.build.dtype,
            variant: None,
        }
    }

    /// Which embedder this is: backbone, preprocess record and projection. Its embeddings may be compared with those of the same alone.
    pub fn embedder_id(&self) -> EmbedderId {
        let mut all = of_features(&self.id, &self.preprocess);
        let name = match &self.projection {
            None => self.id.name.clone(),
            Some(projection) => {
                all.field("projection", projection.fingerprint().as_bytes());
                format!("a {}-d embedder on {}", projection.embed_dim(), self.id.name)
            }
        };
        EmbedderId { fingerprint: all.finish(), name }
    }

    /// Embeds `files` and hands the embeddings `[D]` to `sink` in order, one image at a time; an image that could not be read with the
    /// reason. `sink` returns whether to go on. Memory does not grow with the number of images.
    ///
    /// # Errors
    /// [`crate::Error::Candle`] from the backbone, and those of `sink`.
    pub fn embed_each(
        &self,
        files: &[ImageFile],
        options: PipelineOptions,
        mut sink: impl FnMut(usize, RowResult<'_>) -> Result<bool>,
    ) -> Result<()> {
        features_of(&self.extractor(), files, options, |item, row| match (row, &self.projection) {
            (Ok(features), Some(projection)) => sink(item, Ok(&projection.embed(features)?)),
            (row, _) => sink(item, row),
        })?;
        Ok(())
    }

    /// Embeddings of `paths`, in order; unreadable images are listed, not lost. `watch` is told how many are done and
    /// returns whether to go on.
    ///
    /// # Errors
    /// [`crate::Error::Candle`] from the backbone.
    pub fn embed(
        &self,
        paths: &[PathBuf],
        options: PipelineOptions,
        mut watch: impl FnMut(usize) -> bool,
    ) -> Result<Embedded> {
        let files: Vec<ImageFile> =
            paths.iter().map(|path| ImageFile { path: path.clone(), key: None }).collect();
        let mut out = Embedded::default();
        self.embed_each(&files, options, |item, row| {
            match row {
                Ok(row) => {
                    out.values.extend_from_slice(row);
                    out.rows.push(item);
                }
                Err(reason) => out.skipped.push((item, reason)),
            }
            Ok(watch(item + 1))
        })?;
        Ok(out)
    }
}
