//! An embedder before its backbone is built: its file and the weights that belong to it.

use super::{EmbedderFile, file::BACKBONE_PREFIX};
use crate::{
    Architecture, Error, LoadOptions, Pretrained, Result, Weights, pretrained, pretrained::backbone_id,
    weight_files,
};
use mdfe_data::store::BackboneId;
use std::path::{Path, PathBuf};

/// What an embedder is made of.
pub struct EmbedderParts {
    /// The record and the projection.
    pub file: EmbedderFile,
    /// What the backbone is.
    pub architecture: Architecture,
    /// Its tensors.
    pub weights: Weights,
    row: &'static Pretrained,
    /// Where the embedder lies, and where its weights do, for messages.
    path: PathBuf,
    weights_path: PathBuf,
}

impl EmbedderParts {
    /// Opens the embedder in `path`, a run folder or an embedder file, and the backbone's weights: those of `options`, else its own
    /// (`--standalone`), else the hub's at the commit that it was trained with.
    ///
    /// # Errors
    /// [`Error::Weights`] when the file does not fit, or when the weights are not those it was trained with.
    pub fn open(path: &Path, mut options: LoadOptions) -> Result<Self> {
        let parts = Self::find(path, &mut options)?;
        parts.check()?;
        Ok(parts)
    }

    /// The same without asking whether the weights are the right ones. `options` gain the commit.
    pub(super) fn find(path: &Path, options: &mut LoadOptions) -> Result<Self> {
        let file = EmbedderFile::open(path)?;
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
        let architecture = row.architecture()?;
        Ok(Self { file, architecture, weights, row, path: path.to_path_buf(), weights_path })
    }

    /// Refuses weights that the projection was not trained on.
    pub(super) fn check(&self) -> Result<()> {
        let id = &self.file.meta.backbone;
        let found = backbone_id(self.row, &self.weights, id.proj_layer)?;
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
