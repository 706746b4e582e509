//! Which optimizer, with which options.

use super::OptimizerKind;
use crate::{
    Group,
    config::{Range, Takes, section},
};

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
        /// Factor on the learning rate from a block of a tuned backbone to the one below it; 1 for the same rate everywhere.
        layer_decay: f64 = 1.0, Takes::Number(Range::to(0.0, 1.0));
        /// What the tuned backbone has of its own.
        backbone: GroupOptions = GroupOptions::default(), Takes::Section(GroupOptions::keys);
        /// What the projection has of its own.
        projection: GroupOptions = GroupOptions::default(), Takes::Section(GroupOptions::keys);
        /// What the centers have of their own.
        centers: GroupOptions = GroupOptions::default(), Takes::Section(GroupOptions::keys);
    }
}

section! {
    /// What a group of parameters has of its own; the schedule multiplies every group's learning rate by one factor.
    pub struct GroupOptions {
        /// Learning rate in place of `optimizer.lr`.
        #[serde(skip_serializing_if = "Option::is_none")]
        lr: Option<f64> = None, Takes::Number(Range::to(0.0, 1e3));
        /// Weight decay in place of `optimizer.weight_decay`.
        #[serde(skip_serializing_if = "Option::is_none")]
        weight_decay: Option<f64> = None, Takes::Number(Range::to(0.0, 1e3));
    }
}

/// Learning rate and weight decay of a group.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct GroupRates {
    pub(crate) lr: f64,
    pub(crate) weight_decay: f64,
}

impl OptimizerOptions {
    /// Learning rate and weight decay of a group.
    pub(crate) fn group(&self, group: Group) -> GroupRates {
        let own = match group {
            Group::Backbone => &self.backbone,
            Group::Projection => &self.projection,
            Group::Centers => &self.centers,
        };
        GroupRates {
            lr: own.lr.unwrap_or(self.lr),
            weight_decay: own.weight_decay.unwrap_or(self.weight_decay),
        }
    }
}
