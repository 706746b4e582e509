//! An embedder or a bare backbone before anything is built: its record and the weights that belong to it.

use super::{EmbedderFile, EmbedderMeta, file::BACKBONE_PREFIX};
use crate::{
    Architecture, Backbone, BuildOptions, Error, LoadOptions, Pretrained, Projection, Result, Weights,
    pretrained,
    pretrained::{self as table, backbone_id},
    weight_files,
};
use mdfe_data::{PreprocessRecord, store::BackboneId};
use std::path::{Path, PathBuf};

/// What turns images into embeddings, as plain values.
pub struct EmbedderParts {
    /// Which backbone it is: that of the weights, and the one that the projection was trained on.
    pub id: BackboneId,
    /// What the backbone is.
    pub architecture: Architecture,
    /// Its tensors.
    pub weights: Weights,
    /// How images become pixels.
    pub preprocess: PreprocessRecord,
    /// The projection; `None` for a bare backbone, whose features come out.
    pub projection: Option<Projection>,
    /// What the file says about a trained embedder; `None` for a bare backbone.
    pub meta: Option<EmbedderMeta>,
}

impl EmbedderParts {
    /// Opens the embedder in `path`, a run folder or an embedder file, and the backbone's weights: those of `options`, else its own
    /// (`--standalone`), else the hub's at the commit that it was trained with.
    ///
    /// # Errors
    /// [`Error::Weights`] when the file does not fit, or when the weights are not those it was trained with.
    pub fn open(path: &Path, options: LoadOptions) -> Result<Self> {
        Self::of_file(EmbedderFile::open(path)?, path, options)
    }

    /// The same of an embedder that was read already; `path` is how messages name it.
    ///
    /// # Errors
    /// Those of [`EmbedderParts::open`].
    pub fn of_file(file: EmbedderFile, path: &Path, mut options: LoadOptions) -> Result<Self> {
        let found = Found::of(file, path, &mut options)?;
        found.check()?;
        Ok(found.parts)
    }

    /// An embedder with the tensors of a backbone that was tuned with it.
    ///
    /// # Errors
    /// [`Error::UnknownBackbone`] for a backbone that this build does not know.
    pub fn of_tuned(file: EmbedderFile, weights: Weights) -> Result<Self> {
        let architecture = pretrained(&file.meta.backbone.name)?.architecture()?;
        Ok(Self::new(file, architecture, weights))
    }

    /// A backbone alone, with the model's own output projection where `options` want it.
    ///
    /// # Errors
    /// Those of [`crate::load_backbone`].
    pub fn of_backbone(name: &str, options: &LoadOptions) -> Result<Self> {
        let table::Opened { row, architecture, record, weights, commit } = table::open(name, options)?;
        let id = backbone_id(row, &weights, options.build.proj_layer)?;
        let id = BackboneId { commit, ..id };
        Ok(Self { id, architecture, weights, preprocess: record, projection: None, meta: None })
    }

    /// Builds the backbone, with its own output projection where it belongs to it, whatever `options` say.
    ///
    /// # Errors
    /// [`Error::Weights`] when keys or shapes do not fit, [`Error::Invalid`] when the device does not compute in the dtype.
    pub fn build(&self, options: &LoadOptions) -> Result<Box<dyn Backbone>> {
        let build = BuildOptions { proj_layer: self.id.proj_layer, ..options.build.clone() };
        self.architecture.build(&self.id.name, &self.weights, &build)
    }

    fn new(file: EmbedderFile, architecture: Architecture, weights: Weights) -> Self {
        Self {
            id: file.meta.backbone.clone(),
            architecture,
            weights,
            preprocess: file.meta.preprocess.clone(),
            projection: Some(file.projection),
            meta: Some(file.meta),
        }
    }
}

/// Parts whose weights may be those of another backbone.
pub(super) struct Found {
    pub(super) parts: EmbedderParts,
    row: &'static Pretrained,
    /// Where the embedder lies, and where its weights do, for messages.
    path: PathBuf,
    weights_path: PathBuf,
}

impl Found {
    /// Opens the weights. `options` gain the commit.
    pub(super) fn of(file: EmbedderFile, path: &Path, options: &mut LoadOptions) -> Result<Self> {
        let id = &file.meta.backbone;
        let row = pretrained(&id.name)?;
        let (weights, weights_path) = match (&file.standalone, &options.weights) {
            (Some(own), None) => (Weights::open_below(own, BACKBONE_PREFIX)?, own.clone()),
            (_, given) => {
                let shown = given.as_deref().unwrap_or(path).to_path_buf();
                if given.is_none() && options.revision.is_none() {
                    options.revision.clone_from(&id.commit);
                }
                (Weights::open(&weight_files(row, options)?.0)?, shown)
            }
        };
        let parts = EmbedderParts::new(file, row.architecture()?, weights);
        Ok(Self { parts, row, path: path.to_path_buf(), weights_path })
    }

    /// Refuses weights that the projection was not trained on.
    pub(super) fn check(&self) -> Result<()> {
        let id = &self.parts.id;
        let found = backbone_id(self.row, &self.parts.weights, id.proj_layer)?;
        if found.is_same_model(id) {
            return Ok(());
        }
        let model = format!("the embedder {}", self.path.display());
        Err(Error::misfit(&self.weights_path, &model, other_weights(id, &found)))
    }
}

/// Says that an embedder needs other weights than these.
pub(crate) fn other_weights(wanted: &BackboneId, found: &BackboneId) -> String {
    format!(
        "it was trained on {} with the tensors {}, these are {} with {}; give the right file with --weights",
        wanted.name,
        wanted.weights.short(),
        found.name,
        found.weights.short()
    )
}
