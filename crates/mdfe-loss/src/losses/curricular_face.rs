//! CurricularFace.

use super::{
    angle::{additive_angular, additive_angular_tensor, rotate},
    member::{Member, OtherRule, Point, Sample, check_margin, check_option, check_scale, elementwise},
};
use crate::{LossState, Result};
use candle_core::Tensor;
use serde::{Deserialize, Serialize};

/// ArcFace whose hard negatives count more as training goes on.
///
/// Huang et al., "CurricularFace: Adaptive Curriculum Learning Loss for Deep Face Recognition" (2004.00288), eqs. 6 to 9. The target's logit is
/// s cos(theta_y + m) (as [`ArcFace`](crate::ArcFace) beyond pi - m); another class's is s cos theta_j where that is at most
/// cos(theta_y + m), and s cos theta_j (t + cos theta_j) where it is more (a hard negative). Each training step first sets
/// t = momentum t + (1 - momentum) mean(cos theta_y). No gradient flows through t or through the comparison.
///
/// State: t, from 0. For large clean data where most negatives soon become easy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CurricularFace {
    /// The scale s. Default 64.
    pub scale: f64,
    /// The margin m in radians, 0 to pi/2. Default 0.5.
    pub margin: f64,
    /// The share of t that stays in a step, 0 to 1. Default 0.99.
    pub momentum: f64,
}

impl Default for CurricularFace {
    fn default() -> Self {
        Self { scale: 64.0, margin: 0.5, momentum: 0.99 }
    }
}

impl CurricularFace {
    pub(crate) fn check(&self) -> Result<()> {
        check_scale("CurricularFace", self.scale)?;
        check_margin("CurricularFace", "margin", self.margin)?;
        let holds = (0.0..=1.0).contains(&self.momentum);
        check_option("CurricularFace", ("momentum", self.momentum), "between 0 and 1", holds)
    }
}

impl Member for CurricularFace {
    fn name(&self) -> &'static str {
        "CurricularFace"
    }

    fn initial_state(&self, _: usize) -> LossState {
        LossState::CurricularFace { t: 0.0 }
    }

    fn observe(&self, state: &mut LossState, samples: &[Sample], _: f64) {
        if let LossState::CurricularFace { t } = state {
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
            LossState::CurricularFace { t } => Some(Box::new(HardNegatives { t: *t as f32 })),
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
    fn apply(&self, bound: &[f32], value: &mut [f32], slope: &mut [f32]) {
        let t = self.t;
        elementwise(bound, value, slope, |bound, cosine| {
            if cosine > bound { (cosine * (t + cosine), t + 2.0 * cosine) } else { (cosine, 1.0) }
        });
    }

    fn tensor(&self, bound: &Tensor, cosine: &Tensor) -> candle_core::Result<Tensor> {
        let hard = (cosine * (cosine + f64::from(self.t))?)?;
        cosine.gt(&bound.broadcast_as(cosine.shape())?)?.where_cond(&hard, cosine)
    }
}
