//! A backbone that stays as it is, on the fused path.

use super::Encoder;
use crate::Result;
use mdfe_data::identity::{Fingerprint, Fingerprinter};
use mdfe_model::extract::Extractor;

/// Computes the features of augmented pixels in every step.
pub struct FrozenBackbone<'a> {
    extractor: Extractor<'a>,
}

impl<'a> FrozenBackbone<'a> {
    /// The backbone that extraction uses.
    pub fn new(extractor: Extractor<'a>) -> Self {
        Self { extractor }
    }
}

impl Encoder for FrozenBackbone<'_> {
    fn feature_dim(&self) -> usize {
        self.extractor.backbone.feature_dim()
    }

    fn fingerprint(&self) -> Fingerprint {
        let mut all = Fingerprinter::new("mdfe encoder");
        all.field("kind", b"frozen backbone")
            .json("backbone", &self.extractor.id)
            .json("dtype", &self.extractor.dtype.as_str());
        all.finish()
    }

    fn encode(&mut self, rows: usize, values: &mut Vec<f32>, features: &mut Vec<f32>) -> Result<()> {
        *features = self.extractor.features(rows, std::mem::take(values))?;
        Ok(())
    }
}
