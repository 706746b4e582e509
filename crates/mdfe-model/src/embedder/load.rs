//! An embedder at work: backbone, projection and transform together.

use super::{EmbedderFile, EmbedderMeta, file::BACKBONE_PREFIX};
use crate::{
    Backbone, Error, LoadOptions, LoadedBackbone, Projection, Result, Weights,
    extract::{Extractor, ImageFile, PipelineOptions, RowResult, features_of},
    load_backbone, pretrained,
    pretrained::backbone_id,
};
use mdfe_data::{EmbedderId, PreprocessRecord, identity::Fingerprinter, store::BackboneId};
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

impl Embedder {
    /// The features of a backbone, without a projection.
    ///
    /// # Errors
    /// Those of [`load_backbone`].
    pub fn of_backbone(name: &str, options: LoadOptions) -> Result<Self> {
        let loaded = load_backbone(name, &options)?;
        Ok(Self {
            backbone: loaded.backbone,
            id: loaded.id,
            preprocess: loaded.record,
            options,
            projection: None,
            meta: None,
        })
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
        let id = file.meta.backbone.clone();
        options.build.proj_layer = id.proj_layer;
        let backbone = match (&file.standalone, &options.weights) {
            (Some(own), None) => {
                let weights = Weights::open_below(own, BACKBONE_PREFIX)?;
                let row = pretrained(&id.name)?;
                let found = backbone_id(row, &weights, id.proj_layer)?;
                if !found.is_same_model(&id) {
                    let model = format!("the embedder {}", path.display());
                    return Err(Error::misfit(own, &model, other_weights(&id, &found)));
                }
                row.architecture()?.build(&id.name, &weights, &options.build)?
            }
            _ => {
                if options.weights.is_none() && options.revision.is_none() {
                    options.revision.clone_from(&id.commit);
                }
                same_weights(path, load_backbone(&id.name, &options)?, &id, &options)?
            }
        };
        Ok(Self {
            preprocess: file.meta.preprocess.clone(),
            backbone,
            id,
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
        let mut all = Fingerprinter::new("mdfe embedder");
        all.field("architecture", self.id.architecture.as_bytes())
            .field("weights", self.id.weights.as_bytes())
            .json("proj_layer", &self.id.proj_layer)
            .json("preprocess", &self.preprocess);
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
    /// [`Error::Candle`] from the backbone, and those of `sink`.
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
    /// [`Error::Candle`] from the backbone.
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

/// Refuses weights that the projection was not trained on.
fn same_weights(
    path: &Path,
    loaded: LoadedBackbone,
    id: &BackboneId,
    options: &LoadOptions,
) -> Result<Box<dyn Backbone>> {
    if loaded.id.is_same_model(id) {
        return Ok(loaded.backbone);
    }
    Err(Error::misfit(
        options.weights.as_deref().unwrap_or(path),
        &format!("the embedder {}", path.display()),
        other_weights(id, &loaded.id),
    ))
}

/// Says that a backbone is wanted with other weights than these.
pub(crate) fn other_weights(wanted: &BackboneId, found: &BackboneId) -> String {
    format!(
        "it was trained on {} with the tensors {}, these are {} with {}; give the right file with --weights",
        wanted.name,
        wanted.weights.short(),
        found.name,
        found.weights.short()
    )
}
