//! ArcFace.

use super::{
    angle::{additive_angular, additive_angular_tensor},
    member::{Member, Point, Sample},
    options::{ANGLE, SCALE, loss_options},
};
use crate::LossState;
use candle_core::Tensor;

loss_options! {
    /// Additive angular margin: the target's logit is s cos(theta + m), every other s cos theta.
    ///
    /// Deng et al., "ArcFace: Additive Angular Margin Loss for Deep Face Recognition" (1801.07698), eq. 3. Beyond theta = pi - m, where
    /// the cosine would rise again, the target's logit is s (cos theta - m sin(pi - m)), as in the authors' code.
    ///
    /// Stateless. The first choice when classes are about balanced; with [`CenterShape::sub_centers`](crate::CenterShape) > 1 it is
    /// sub-center ArcFace, which tolerates noisy labels and classes of several looks.
    ArcFace {
        /// The scale s. Default 64, the paper's (the universal-embedding recipe uses 30).
        scale: f64 = 64.0, SCALE;
        /// The margin m in radians, 0 to pi/2. Default 0.5.
        margin: f64 = 0.5, ANGLE;
    }
}

impl Member for ArcFace {
    fn scale(&self, _: &LossState) -> f64 {
        self.scale
    }

    fn target(&self, _: &LossState, sample: Sample) -> Point {
        additive_angular(sample.cosine, self.margin)
    }

    fn target_tensor(
        &self,
        _: &LossState,
        samples: &[Sample],
        cosine: &Tensor,
    ) -> candle_core::Result<Tensor> {
        additive_angular_tensor(cosine, &vec![self.margin; samples.len()])
    }
}
