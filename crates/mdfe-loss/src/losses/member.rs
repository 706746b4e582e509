//! The template that every loss fills in.

use crate::{Error, LossState, Result};
use candle_core::Tensor;
use std::fmt::Debug;

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
    fn apply(&self, bound: &[f32], value: &mut [f32], slope: &mut [f32]);

    /// The same on cosines `[B, n]` with `bound` `[B, 1]`, in candle's operations.
    fn tensor(&self, bound: &Tensor, cosine: &Tensor) -> candle_core::Result<Tensor>;
}

/// A member of the family: what it does with the cosines between the centers and the scaled cross entropy.
///
/// A new member is one file that implements this, and one line in `LossOptions`.
pub(crate) trait Member: Debug + Send + Sync {
    /// The name users know.
    fn name(&self) -> &'static str;

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

    /// A number of each sample that the rule for the other classes depends on.
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

/// Applies a scalar rule to every cosine, in a loop that the compiler can vectorise for the CPU at hand.
pub(crate) fn elementwise<F>(bound: &[f32], value: &mut [f32], slope: &mut [f32], rule: F)
where
    F: Fn(f32, f32) -> (f32, f32) + Copy,
{
    struct Loop<'a, F>(&'a [f32], &'a mut [f32], &'a mut [f32], F);
    impl<F: Fn(f32, f32) -> (f32, f32) + Copy> pulp::WithSimd for Loop<'_, F> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: pulp::Simd>(self, _simd: S) {
            let Loop(bound, value, slope, rule) = self;
            let samples = bound.len().max(1);
            for (value, slope) in value.chunks_exact_mut(samples).zip(slope.chunks_exact_mut(samples)) {
                for ((v, d), &b) in value.iter_mut().zip(slope.iter_mut()).zip(bound) {
                    (*v, *d) = rule(b, *v);
                }
            }
        }
    }
    pulp::Arch::new().dispatch(Loop(bound, value, slope, rule));
}

/// `Ok` if `holds`, else an [`Error::Option`].
pub(crate) fn check_option(
    loss: &'static str,
    (option, value): (&'static str, f64),
    allowed: &'static str,
    holds: bool,
) -> Result<()> {
    if holds && value.is_finite() { Ok(()) } else { Err(Error::Option { loss, option, value, allowed }) }
}

/// `Ok` if the scale is a positive number.
pub(crate) fn check_scale(loss: &'static str, scale: f64) -> Result<()> {
    check_option(loss, ("scale", scale), "above 0 and at most 1000", scale > 0.0 && scale <= 1000.0)
}

/// `Ok` if an angular margin is in [0, pi/2].
pub(crate) fn check_margin(loss: &'static str, option: &'static str, margin: f64) -> Result<()> {
    let holds = (0.0..=std::f64::consts::FRAC_PI_2).contains(&margin);
    check_option(loss, (option, margin), "in radians, between 0 and pi/2", holds)
}
