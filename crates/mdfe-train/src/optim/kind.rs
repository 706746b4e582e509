//! The table of optimizers.

use super::{adam::Adam, adamw::AdamW, optimizer::Optimizer, sgd::Sgd, sharpness::SharpnessAware};
use crate::config::choices;

choices! {
    /// The optimizers, by the names that configs use. A new one is a file beside this one and a line here.
    pub enum OptimizerKind: &'static dyn Optimizer {
        /// Gradient descent with momentum, `torch.optim.SGD`.
        SGD = "SGD" | "sgd" => &Sgd,
        /// Adam with L2 weight decay in the gradient, `torch.optim.Adam` (Kingma and Ba, 1412.6980).
        Adam = "Adam" | "adam" => &Adam,
        /// Adam with decoupled weight decay, `torch.optim.AdamW` (Loshchilov and Hutter, 1711.05101).
        AdamW = "AdamW" | "adamw" => &AdamW,
        /// Sharpness-aware minimisation (Foret et al., 2010.01412) around Adam.
        SamAdam = "SAM_Adam" | "sam_adam" => &SharpnessAware(Adam),
        /// Sharpness-aware minimisation around AdamW.
        SamAdamW = "SAM_AdamW" | "sam_adamw" => &SharpnessAware(AdamW),
    }
}

impl OptimizerKind {
    /// Whether each step takes the gradient at the worst point nearby.
    pub fn is_sharpness_aware(self) -> bool {
        self.member().is_sharpness_aware()
    }

    /// Values that it remembers for each value of a parameter.
    pub(crate) fn moments(self) -> usize {
        if self.member().has_second_moment() { 2 } else { 1 }
    }
}
