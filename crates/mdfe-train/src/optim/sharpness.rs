//! Sharpness-aware minimisation.

use super::{
    OptimizerOptions,
    optimizer::{Optimizer, Rule, Step},
};

/// Foret et al., 2010.01412, around a base optimizer. Where the gradient is taken is the trainer's affair.
pub(super) struct SharpnessAware<O>(pub(super) O);

impl<O: Optimizer> Optimizer for SharpnessAware<O> {
    fn has_second_moment(&self) -> bool {
        self.0.has_second_moment()
    }

    fn is_sharpness_aware(&self) -> bool {
        true
    }

    fn rule(&self, options: &OptimizerOptions, at: Step) -> Box<dyn Rule> {
        self.0.rule(options, at)
    }
}
