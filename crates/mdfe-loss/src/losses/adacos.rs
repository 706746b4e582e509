//! AdaCos.

use super::{
    member::{Member, Point, Sample},
    options::{SCALE, Takes, loss_options},
};
use crate::LossState;
use candle_core::Tensor;
use serde::{Deserialize, Serialize};
use std::f64::consts::{FRAC_PI_4, SQRT_2};

loss_options! {
    /// Softmax over scaled cosines whose scale needs no tuning.
    ///
    /// Zhang et al., "AdaCos: Adaptively Scaling Cosine Logits for Effectively Learning Deep Face Representations" (1905.00292). Fixed: s = sqrt(2) ln(C - 1)
    /// (eq. 7). Dynamic: it starts there, and each training step sets s = ln(B_avg) / cos(min(pi/4, theta_med)) (eq. 15) before its loss is
    /// computed, where B_avg is the batch mean of sum_{c != y} exp(s_prev cos theta_c) and theta_med the median target angle (the lower
    /// of the two middle ones, like `torch.median`).
    ///
    /// State: the scale (dynamic). Fewer than three classes use the fixed scale of three, 0.98, because the formula is not positive there; a step
    /// whose formula is not positive keeps the scale. For when there is no time to tune a scale; it has no margin.
    AdaCos {
        /// Whether the scale follows the training. Default true.
        dynamic: bool = true, Takes::Flag;
        /// The scale of `AdaCos` before the first step, or for good if fixed. Default none: sqrt(2) ln(C - 1).
        #[serde(skip_serializing_if = "Option::is_none")]
        scale: Option<f64> = None, SCALE;
    }
}

/// What [`AdaCos`] remembers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AdaCosState {
    /// The present scale s.
    pub scale: f64,
}

impl AdaCos {
    /// The fixed scale, sqrt(2) ln(C - 1), at least that of three classes.
    pub fn fixed_scale(num_classes: usize) -> f64 {
        SQRT_2 * (num_classes.max(3) as f64 - 1.0).ln()
    }
}

impl Member for AdaCos {
    fn initial_state(&self, num_classes: usize) -> LossState {
        let scale = self.scale.unwrap_or_else(|| Self::fixed_scale(num_classes));
        LossState::AdaCos(AdaCosState { scale })
    }

    fn density_scale(&self, state: &LossState) -> Option<f64> {
        self.dynamic.then(|| self.scale(state))
    }

    fn observe(&self, state: &mut LossState, samples: &[Sample], log_density: f64) {
        let LossState::AdaCos(AdaCosState { scale }) = state else { return };
        // The median angle is the median cosine from the other side.
        let mut cosines: Vec<f64> = samples.iter().map(|sample| sample.cosine).collect();
        cosines.sort_by(|a, b| b.total_cmp(a));
        let Some(median) = cosines.get(cosines.len().saturating_sub(1) / 2) else { return };
        let next = log_density / median.clamp(-1.0, 1.0).acos().min(FRAC_PI_4).cos();
        if self.dynamic && next.is_finite() && next > 0.0 {
            *scale = next;
        }
    }

    fn scale(&self, state: &LossState) -> f64 {
        match state {
            LossState::AdaCos(AdaCosState { scale }) => *scale,
            _ => 1.0,
        }
    }

    fn target(&self, _: &LossState, sample: Sample) -> Point {
        Point { value: sample.cosine, slope: 1.0 }
    }

    fn target_tensor(&self, _: &LossState, _: &[Sample], cosine: &Tensor) -> candle_core::Result<Tensor> {
        Ok(cosine.clone())
    }
}
