//! Features that were extracted before.

use super::Encoder;
use crate::Result;
use mdfe_data::identity::{Fingerprint, Fingerprinter};

/// Hands features through: what the source pushes is what is trained on.
#[derive(Clone, Copy, Debug)]
pub struct Identity {
    /// Width of the features, D_in.
    pub feature_dim: usize,
}

impl Encoder for Identity {
    fn feature_dim(&self) -> usize {
        self.feature_dim
    }

    fn fingerprint(&self) -> Fingerprint {
        let mut all = Fingerprinter::new("mdfe encoder");
        all.field("kind", b"identity").json("feature_dim", &self.feature_dim);
        all.finish()
    }

    fn encode(&mut self, _: usize, values: &mut Vec<f32>, features: &mut Vec<f32>) -> Result<()> {
        std::mem::swap(values, features);
        Ok(())
    }
}
