//! An embedder on pixels that somebody else has decoded and batched.

use super::Embedder;
use crate::{Error, Result};
use mdfe_data::PreprocessRecord;

impl Embedder {
    /// The transform that makes the pixels of [`Self::embed_pixels`].
    pub fn preprocess(&self) -> &PreprocessRecord {
        &self.preprocess
    }

    /// Embeddings `[B, D]` of B images, row-major: `pixels [B, 3, H, W]` as a [`mdfe_data::Preprocessor`] of
    /// [`Self::preprocess`] makes them. On the CPU the bits of [`Self::embed_each`], whatever the batch.
    ///
    /// # Errors
    /// [`Error::Invalid`] for pixels of another size and for features that are not finite, [`Error::Candle`] from the backbone.
    pub fn embed_pixels(&self, images: usize, pixels: Vec<f32>) -> Result<Vec<f32>> {
        let features = self.extractor().features(images, pixels)?;
        if let Some(bad) = features.iter().find(|value| !value.is_finite()) {
            return Err(Error::Invalid(format!(
                "{} gives the feature {bad}; check the weights and the dtype",
                self.id.name
            )));
        }
        match &self.projection {
            Some(projection) => projection.embed(&features),
            None => Ok(features),
        }
    }
}
