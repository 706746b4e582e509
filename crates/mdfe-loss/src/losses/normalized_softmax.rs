//! Normalised softmax.

use super::member::{Member, Point, Sample, check_scale};
use crate::{LossState, Result};
use candle_core::Tensor;
use serde::{Deserialize, Serialize};

/// Softmax over scaled cosines, no margin: every logit is s cos theta.
///
/// Wang et al., "NormFace: L2 Hypersphere Embedding for Face Verification" (1704.06369), eq. 6; Zhai and Wu,
/// "Classification is a Strong Baseline for Deep Metric Learning" (1811.12649).
///
/// Stateless. The baseline that a margin has to beat.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NormalizedSoftmax {
    /// The scale s (1 / temperature). Default 20, the temperature 0.05 of 1811.12649.
    pub scale: f64,
}

impl Default for NormalizedSoftmax {
    fn default() -> Self {
        Self { scale: 20.0 }
    }
}

impl NormalizedSoftmax {
    pub(crate) fn check(&self) -> Result<()> {
        check_scale("NormalizedSoftmax", self.scale)
    }
}

impl Member for NormalizedSoftmax {
    fn name(&self) -> &'static str {
        "NormalizedSoftmax"
    }

    fn scale(&self, _: &LossState) -> f64 {
        self.scale
    }

    fn target(&self, _: &LossState, sample: Sample) -> Point {
        Point { value: sample.cosine, slope: 1.0 }
    }

    fn target_tensor(&self, _: &LossState, _: &[Sample], cosine: &Tensor) -> candle_core::Result<Tensor> {
        Ok(cosine.clone())
    }
}
