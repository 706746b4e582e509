//! CosFace.

use super::{
    member::{Member, Point, Sample},
    options::{SCALE, SHARE, loss_options},
};
use crate::LossState;
use candle_core::Tensor;

loss_options! {
    /// Additive cosine margin: the target's logit is s (cos theta - m), every other s cos theta.
    ///
    /// Wang et al., "CosFace: Large Margin Cosine Loss for Deep Face Recognition" (1801.09414), eq. 4.
    ///
    /// Stateless. Its gradient has the same strength at every angle, which makes it the calmest of the margins.
    CosFace {
        /// The scale s. Default 64.
        scale: f64 = 64.0, SCALE;
        /// The margin m, in units of the cosine, 0 to 1. Default 0.35.
        margin: f64 = 0.35, SHARE;
    }
}

impl Member for CosFace {
    fn scale(&self, _: &LossState) -> f64 {
        self.scale
    }

    fn target(&self, _: &LossState, sample: Sample) -> Point {
        Point { value: sample.cosine - self.margin, slope: 1.0 }
    }

    fn target_tensor(&self, _: &LossState, _: &[Sample], cosine: &Tensor) -> candle_core::Result<Tensor> {
        cosine - self.margin
    }
}
