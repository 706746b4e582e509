//! ArcFace.

use super::{
    angle::{additive_angular, additive_angular_tensor},
    member::{Member, Point, Sample, check_margin, check_scale},
};
use crate::{LossState, Result};
use candle_core::Tensor;
use serde::{Deserialize, Serialize};

/// Additive angular margin: the target's logit is s cos(theta + m), every other s cos theta.
///
/// Deng et al., "ArcFace: Additive Angular Margin Loss for Deep Face Recognition" (1801.07698), eq. 3. Beyond theta = pi - m, where
/// the cosine would rise again, the target's logit is s (cos theta - m sin(pi - m)), as in the authors' code.
///
/// Stateless. The first choice when classes are about balanced; with [`CenterShape::sub_centers`](crate::CenterShape) > 1 it is
/// sub-center ArcFace, which tolerates noisy labels and classes of several looks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ArcFace {
    /// The scale s. Default 64, the paper's (the universal-embedding recipe uses 30).
    pub scale: f64,
    /// The margin m in radians, 0 to pi/2. Default 0.5.
    pub margin: f64,
}

impl Default for ArcFace {
    fn default() -> Self {
        Self { scale: 64.0, margin: 0.5 }
    }
}

impl ArcFace {
    pub(crate) fn check(&self) -> Result<()> {
        check_scale("ArcFace", self.scale)?;
        check_margin("ArcFace", "margin", self.margin)
    }
}

impl Member for ArcFace {
    fn name(&self) -> &'static str {
        "ArcFace"
    }

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
