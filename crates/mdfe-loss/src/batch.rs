//! The samples of one training step.

use crate::{CenterShape, Error, Result, error::expect_len};

/// A batch as plain slices.
///
/// # Shapes
/// `embedding` is `[B, D]`, row-major, as it leaves the projection (not normalised); `labels` is `[B]`, each in `0..C`.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    /// `[B, D]`, row-major, not normalised.
    pub embedding: &'a [f32],
    /// `[B]`, class ids.
    pub labels: &'a [u32],
}

impl Batch<'_> {
    /// The number of samples B.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is no sample. An empty batch is an error for every loss.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    pub(crate) fn check(&self, shape: &CenterShape) -> Result<()> {
        let samples = self.labels.len();
        if samples == 0 || samples > u16::MAX as usize {
            return Err(Error::Size { what: "the batch size", value: samples, limit: u16::MAX as usize });
        }
        expect_len("the embedding", "[B, D]", self.embedding.len(), samples * shape.embed_dim)?;
        let num_classes = shape.num_classes;
        if let Some(sample) = self.labels.iter().position(|&label| label as usize >= num_classes) {
            return Err(Error::Label { label: self.labels[sample], sample, num_classes });
        }
        let mut rows = self.embedding.chunks_exact(shape.embed_dim);
        match rows.position(|row| row.iter().any(|value| !value.is_finite())) {
            Some(row) => Err(Error::NotFinite { what: "embedding", row }),
            None => Ok(()),
        }
    }
}
