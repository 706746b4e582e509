//! The template that every loss fills in.

use crate::{Level, LossState, Result};
use candle_core::Tensor;
use std::{fmt::Debug, sync::Arc};

/// A value of the target's rule and its derivative by the target cosine.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Point {
    /// The logit before scaling.
    pub(crate) value: f64,
    /// d value / d cosine.
    pub(crate) slope: f64,
}

/// One sample, as a target rule sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    /// The cosine with the best sub-center of its own class, in [-1, 1].
    pub(crate) cosine: f64,
    /// The norm of the embedding before normalisation.
    pub(crate) norm: f64,
    /// Its class.
    pub(crate) label: u32,
}

/// The rule for all classes but the target, over whole blocks.
///
/// The default (no rule) leaves the cosine as it is.
pub(crate) trait OtherRule: Sync {
    /// Turns `value` (cosines, `[n, B]`) into logits before scaling and fills `slope` (`[n, B]`) with the derivatives.
    ///
    /// `bound` is `[B]`, see [`Member::bound`].
    fn apply(&self, level: Level, bound: &[f32], value: &mut [f32], slope: &mut [f32]);

    /// The same on cosines `[B, n]` with `bound` `[B, 1]`, in candle's operations.
    fn tensor(&self, bound: &Tensor, cosine: &Tensor) -> candle_core::Result<Tensor>;
}

/// A member of the family: what it does with the cosines between the centers and the scaled cross entropy.
pub(crate) trait Member: Debug + Send + Sync {
    /// The state before the first step.
    fn initial_state(&self, _num_classes: usize) -> LossState {
        LossState::Stateless
    }

    /// The scale at which [`Member::observe`] wants to know the density of the other classes, if it does.
    fn density_scale(&self, _state: &LossState) -> Option<f64> {
        None
    }

    /// Takes in a training batch before its loss is computed. `log_density` is
    /// ln(1/B sum_i sum_{c != y_i} exp(scale cos_ic)) at the scale of [`Member::density_scale`].
    fn observe(&self, _state: &mut LossState, _samples: &[Sample], _log_density: f64) {}

    /// The scale s.
    fn scale(&self, state: &LossState) -> f64;

    /// The target's logit before scaling.
    fn target(&self, state: &LossState, sample: Sample) -> Point;

    /// The rule for the other classes; `None` leaves the cosines as they are.
    fn others(&self, _state: &LossState) -> Option<Box<dyn OtherRule>> {
        None
    }

    /// What the rule for the other classes depends on, by sample.
    fn bound(&self, _sample: Sample) -> f64 {
        0.0
    }

    /// [`Member::target`] on `cosine` `[B]` in candle's operations; gradients flow through `cosine` alone.
    fn target_tensor(
        &self,
        state: &LossState,
        samples: &[Sample],
        cosine: &Tensor,
    ) -> candle_core::Result<Tensor>;
}

/// The classes that a member is made for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Classes<'a> {
    /// C.
    pub(crate) number: usize,
    /// The number of training samples of each, `[C]`, where it is known.
    pub(crate) counts: Option<&'a [u64]>,
}

/// The way from options to the member of the family.
pub(crate) trait ForClasses {
    fn for_classes(&self, classes: Classes<'_>) -> Result<Arc<dyn Member>>;
}

/// Options that need to know nothing about the classes are the member.
impl<T: Member + Clone + 'static> ForClasses for T {
    fn for_classes(&self, _: Classes<'_>) -> Result<Arc<dyn Member>> {
        Ok(Arc::new(self.clone()))
    }
}
