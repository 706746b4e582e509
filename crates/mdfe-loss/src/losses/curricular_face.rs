//! CurricularFace.

use super::{
    angle::{additive_angular, additive_angular_tensor, rotate},
    member::{Member, OtherRule, Point, Sample},
    options::{ANGLE, SCALE, SHARE, loss_options},
};
use crate::{Level, LossState, kernel::Elementwise};
use candle_core::Tensor;
use serde::{Deserialize, Serialize};

loss_options! {
    /// ArcFace whose hard negatives count more as training goes on.
    ///
    /// Huang et al., "CurricularFace: Adaptive Curriculum Learning Loss for Deep Face Recognition" (2004.00288), eqs. 6 to 9. The target's logit is
    /// s cos(theta_y + m) (as [`ArcFace`](crate::ArcFace) beyond pi - m); another class's is s cos theta_j where that is at most
    /// cos(theta_y + m), and s cos theta_j (t + cos theta_j) where it is more (a hard negative). Each training step first sets
    /// t = momentum t + (1 - momentum) mean(cos theta_y). No gradient flows through t or through the comparison.
    ///
    /// State: t, from 0. For large clean data where most negatives soon become easy.
    CurricularFace {
        /// The scale s. Default 64.
        scale: f64 = 64.0, SCALE;
        /// The margin m in radians, 0 to pi/2. Default 0.5.
        margin: f64 = 0.5, ANGLE;
        /// The share of t that stays in a step, 0 to 1. Default 0.99.
        momentum: f64 = 0.99, SHARE;
    }
}

/// What [`CurricularFace`] remembers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CurricularFaceState {
    /// The moving average t of the target cosine.
    pub t: f64,
}

impl Member for CurricularFace {
    fn initial_state(&self, _: usize) -> LossState {
        LossState::CurricularFace(CurricularFaceState { t: 0.0 })
    }

    fn observe(&self, state: &mut LossState, samples: &[Sample], _: f64) {
        if let LossState::CurricularFace(CurricularFaceState { t }) = state {
            let mean = samples.iter().map(|sample| sample.cosine).sum::<f64>() / samples.len().max(1) as f64;
            *t = self.momentum * *t + (1.0 - self.momentum) * mean;
        }
    }

    fn scale(&self, _: &LossState) -> f64 {
        self.scale
    }

    fn target(&self, _: &LossState, sample: Sample) -> Point {
        additive_angular(sample.cosine, self.margin)
    }

    fn others(&self, state: &LossState) -> Option<Box<dyn OtherRule>> {
        match state {
            LossState::CurricularFace(CurricularFaceState { t }) => {
                Some(Box::new(HardNegatives { t: *t as f32 }))
            }
            _ => None,
        }
    }

    fn bound(&self, sample: Sample) -> f64 {
        rotate(sample.cosine, self.margin).value
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

/// cos (t + cos) where cos exceeds the sample's bound, cos elsewhere.
struct HardNegatives {
    t: f32,
}

impl OtherRule for HardNegatives {
    fn apply(&self, level: Level, bound: &[f32], value: &mut [f32], slope: &mut [f32]) {
        let t = self.t;
        let rule = |bound, cosine| {
            if cosine > bound { (cosine * (t + cosine), t + 2.0 * cosine) } else { (cosine, 1.0) }
        };
        level.dispatch(Elementwise { bound, value, slope, rule });
    }

    fn tensor(&self, bound: &Tensor, cosine: &Tensor) -> candle_core::Result<Tensor> {
        let hard = (cosine * (cosine + f64::from(self.t))?)?;
        cosine.gt(&bound.broadcast_as(cosine.shape())?)?.where_cond(&hard, cosine)
    }
}
