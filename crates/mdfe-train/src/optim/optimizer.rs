//! What an optimizer is: the template that each file of this folder fills.

use super::OptimizerOptions;
use mdfe_simd::{Level, Simd, WithSimd};

/// An optimizer.
pub(crate) trait Optimizer: Sync {
    /// Whether it remembers a second moment of each parameter beside the first.
    fn has_second_moment(&self) -> bool;

    /// Whether each step takes the gradient at the worst point nearby. That is the trainer's affair, the rule is the base optimizer's.
    fn is_sharpness_aware(&self) -> bool {
        false
    }

    /// The rule of a step.
    fn rule(&self, options: &OptimizerOptions, at: Step) -> Box<dyn Rule>;
}

/// A step as its rule sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    /// Its learning rate.
    pub(super) lr: f64,
    /// Its number, counted from 1.
    pub(super) number: f64,
}

/// An optimizer with the learning rate and the bias corrections of a step worked out.
pub(crate) trait Rule: Send + Sync {
    /// Updates some values in place. Value by value, so that it does not matter how a parameter is cut.
    fn update(&self, part: Part<'_>);
}

/// Some values of a parameter and what belongs to them, all of one length.
pub(crate) struct Part<'a> {
    pub(super) weight: &'a mut [f32],
    pub(super) gradient: &'a [f32],
    pub(super) first: &'a mut [f32],
    /// Empty where the optimizer has no second moment.
    pub(super) second: &'a mut [f32],
}

/// A rule whose update is a plain loop, which is all that an optimizer's file has to write of it.
pub(super) trait PlainLoop: Copy + Send + Sync {
    /// The loop over the values of a part. Mark it `#[inline(always)]`: inlined into a function with the CPU's features enabled, the
    /// compiler vectorises it.
    fn run(self, part: Part<'_>);
}

impl<L: PlainLoop> Rule for L {
    fn update(&self, part: Part<'_>) {
        Level::current().dispatch(Vectorised { rule: *self, part });
    }
}

struct Vectorised<'a, L> {
    rule: L,
    part: Part<'a>,
}

impl<L: PlainLoop> WithSimd for Vectorised<'_, L> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        self.rule.run(self.part);
    }
}
