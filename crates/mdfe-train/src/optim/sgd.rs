//! Gradient descent with momentum.

use super::{
    OptimizerOptions,
    optimizer::{Optimizer, Part, PlainLoop, Rule, Step},
};

/// `torch.optim.SGD`: `m = momentum m + (g + weight_decay w)`, `w = w - lr m`. The first moment is the momentum buffer.
pub(super) struct Sgd;

impl Optimizer for Sgd {
    fn has_second_moment(&self) -> bool {
        false
    }

    fn rule(&self, options: &OptimizerOptions, at: Step) -> Box<dyn Rule> {
        Box::new(SgdRule {
            rate: at.lr as f32,
            weight_decay: options.weight_decay as f32,
            momentum: options.momentum as f32,
        })
    }
}

#[derive(Clone, Copy)]
struct SgdRule {
    rate: f32,
    weight_decay: f32,
    momentum: f32,
}

impl PlainLoop for SgdRule {
    #[inline(always)]
    fn run(self, part: Part<'_>) {
        for ((w, &g), m) in part.weight.iter_mut().zip(part.gradient).zip(part.first) {
            *m = self.momentum * *m + (g + self.weight_decay * *w);
            *w -= self.rate * *m;
        }
    }
}
