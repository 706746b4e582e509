//! Normalised softmax.

use super::{
    member::{Member, Point, Sample},
    options::{SCALE, loss_options},
};
use crate::LossState;
use candle_core::Tensor;

loss_options! {
    /// Softmax over scaled cosines, no margin: every logit is s cos theta.
    ///
    /// Wang et al., "NormFace: L2 Hypersphere Embedding for Face Verification" (1704.06369), eq. 6; Zhai and Wu,
    /// "Classification is a Strong Baseline for Deep Metric Learning" (1811.12649).
    ///
    /// Stateless. The baseline that a margin has to beat.
    NormalizedSoftmax {
        /// The scale s (1 / temperature). Default 20, the temperature 0.05 of 1811.12649.
        scale: f64 = 20.0, SCALE;
    }
}

impl Member for NormalizedSoftmax {
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
