//! Which optimizer, with which options.

use super::OptimizerKind;
use crate::config::{Range, Takes, section};

section! {
    /// An optimizer and its options. Rate and weight decay default to the method's (arXiv 2409.13513), the others to those of `torch.optim`.
    pub struct OptimizerOptions {
        /// Which optimizer.
        name: OptimizerKind = OptimizerKind::Adam, Takes::choice::<OptimizerKind>();
        /// Learning rate, which schedule and warm-up scale.
        lr: f64 = 2e-2, Takes::Number(Range::to(0.0, 1e3));
        /// Weight decay.
        weight_decay: f64 = 1e-4, Takes::Number(Range::to(0.0, 1e3));
        /// `SGD`: momentum.
        momentum: f64 = 0.9, Takes::Number(Range::below(0.0, 1.0));
        /// Adam's family: decay of the first and of the second moment.
        betas: [f64; 2] = [0.9, 0.999], Takes::Pair(Range::below(0.0, 1.0));
        /// Adam's family: added to the root of the second moment.
        eps: f64 = 1e-8, Takes::Number(Range::to(0.0, 1.0));
        /// `SAM_*`: radius of the neighbourhood, by the L2 norm over all parameters.
        rho: f64 = 0.05, Takes::Number(Range::to(0.0, 1e3));
    }
}
