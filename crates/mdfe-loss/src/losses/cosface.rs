//! CosFace.

use super::member::{Member, Point, Sample, check_option, check_scale};
use crate::{LossState, Result};
use candle_core::Tensor;
use serde::{Deserialize, Serialize};

/// Additive cosine margin: the target's logit is s (cos theta - m), every other s cos theta.
///
/// Wang et al., "CosFace: Large Margin Cosine Loss for Deep Face Recognition" (1801.09414), eq. 4.
///
/// Stateless. Its gradient has the same strength at every angle, which makes it the calmest of the margins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CosFace {
    /// The scale s. Default 64.
    pub scale: f64,
    /// The margin m, in units of the cosine, 0 to 1. Default 0.35.
    pub margin: f64,
}

impl Default for CosFace {
    fn default() -> Self {
        Self { scale: 64.0, margin: 0.35 }
    }
}

impl CosFace {
    pub(crate) fn check(&self) -> Result<()> {
        check_scale("CosFace", self.scale)?;
        check_option(
            "CosFace",
            ("margin", self.margin),
            "between 0 and 1",
            (0.0..=1.0).contains(&self.margin),
        )
    }
}

impl Member for CosFace {
    fn name(&self) -> &'static str {
        "CosFace"
    }

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
