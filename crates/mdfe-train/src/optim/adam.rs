//! Adam, and the rule that its relatives share.

use super::{
    OptimizerOptions,
    optimizer::{Optimizer, Part, PlainLoop, Rule, Step},
};

/// `torch.optim.Adam` (Kingma and Ba, 1412.6980): weight decay is added to the gradient.
pub(super) struct Adam;

impl Optimizer for Adam {
    fn has_second_moment(&self) -> bool {
        true
    }

    fn rule(&self, options: &OptimizerOptions, at: Step) -> Box<dyn Rule> {
        let decay = WeightDecay { coupled: options.weight_decay as f32, ..WeightDecay::NONE };
        Box::new(AdamRule::new(options, at, decay))
    }
}

/// The two ways in which a weight decays.
#[derive(Clone, Copy)]
pub(super) struct WeightDecay {
    /// What is added to the gradient, by weight.
    pub(super) coupled: f32,
    /// What decoupled decay leaves of the weight.
    pub(super) keep: f32,
}

impl WeightDecay {
    pub(super) const NONE: Self = Self { coupled: 0.0, keep: 1.0 };
}

/// Adam's update of one step.
#[derive(Clone, Copy)]
pub(super) struct AdamRule {
    /// Learning rate divided by the first moment's bias correction.
    rate: f32,
    decay: WeightDecay,
    beta1: f32,
    beta2: f32,
    /// 1 - beta1, subtracted in f64 first, as torch does.
    fresh1: f32,
    /// 1 - beta2, the same.
    fresh2: f32,
    /// Square root of the second moment's bias correction.
    root: f32,
    eps: f32,
}

impl AdamRule {
    pub(super) fn new(options: &OptimizerOptions, at: Step, decay: WeightDecay) -> Self {
        let [beta1, beta2] = options.betas;
        Self {
            rate: (at.lr / (1.0 - beta1.powf(at.number))) as f32,
            decay,
            beta1: beta1 as f32,
            beta2: beta2 as f32,
            fresh1: (1.0 - beta1) as f32,
            fresh2: (1.0 - beta2) as f32,
            root: (1.0 - beta2.powf(at.number)).sqrt() as f32,
            eps: options.eps as f32,
        }
    }
}

impl PlainLoop for AdamRule {
    #[inline(always)]
    fn run(self, part: Part<'_>) {
        let values = part.weight.iter_mut().zip(part.gradient).zip(part.first).zip(part.second);
        for (((w, &g), m), v) in values {
            let g = g + self.decay.coupled * *w;
            *m = self.beta1 * *m + self.fresh1 * g;
            *v = self.beta2 * *v + self.fresh2 * g * g;
            *w = self.decay.keep * *w - self.rate * *m / (v.sqrt() / self.root + self.eps);
        }
    }
}
