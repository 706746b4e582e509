//! Adam with decoupled weight decay.

use super::{
    OptimizerOptions,
    adam::{AdamRule, WeightDecay},
    optimizer::{Optimizer, Rule, Step},
};

/// `torch.optim.AdamW` (Loshchilov and Hutter, 1711.05101): weight decay shrinks the weight, past the moments.
pub(super) struct AdamW;

impl Optimizer for AdamW {
    fn has_second_moment(&self) -> bool {
        true
    }

    fn rule(&self, options: &OptimizerOptions, at: Step) -> Box<dyn Rule> {
        let keep = (1.0 - at.lr * options.weight_decay) as f32;
        Box::new(AdamRule::new(options, at, WeightDecay { keep, ..WeightDecay::NONE }))
    }
}
