//! A loss, ready for use.

use super::member::{Classes, Member};
use crate::{Error, LossOptions, LossState, Result};
use std::sync::Arc;

/// A member of the margin-softmax family for C classes.
///
/// Built from [`LossOptions`]; cheap to clone; holds no state (see [`LossState`]).
#[derive(Clone, Debug)]
pub struct MarginLoss {
    name: &'static str,
    member: Arc<dyn Member>,
    num_classes: usize,
    label_smoothing: f64,
}

impl MarginLoss {
    /// Builds the loss and checks its options.
    ///
    /// `class_counts` is `[C]`, the number of training samples by class id; only [`DynamicMargin`](crate::DynamicMargin) without margins of its own needs it.
    pub fn new(options: &LossOptions, num_classes: usize, class_counts: Option<&[u64]>) -> Result<Self> {
        if num_classes == 0 || num_classes > u32::MAX as usize {
            let (what, limit) = ("the number of classes", u32::MAX as usize);
            return Err(Error::Size { what, value: num_classes, limit });
        }
        let member = options.member(Classes { number: num_classes, counts: class_counts })?;
        Ok(Self { name: options.name(), member, num_classes, label_smoothing: 0.0 })
    }

    /// The same loss with label smoothing: the wanted probability of the sample's own class is 1 - e + e / C and that of every other
    /// e / C, as `torch.nn.CrossEntropyLoss(label_smoothing=e)` has it. Where the classes are sampled, C is the number of those that
    /// take part. `amount` is e, from 0 (none, the default) up to but not including 1.
    ///
    /// Szegedy et al., "Rethinking the Inception Architecture for Computer Vision" (1512.00567), section 7.
    pub fn with_label_smoothing(mut self, amount: f64) -> Result<Self> {
        if !(0.0..1.0).contains(&amount) {
            let (option, allowed) = ("label_smoothing", "at least 0 and below 1");
            return Err(Error::Option { loss: self.name, option, value: amount, allowed });
        }
        self.label_smoothing = amount;
        Ok(self)
    }

    /// The name, as in [`LossOptions::NAMES`].
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// C, the number of classes.
    pub fn num_classes(&self) -> usize {
        self.num_classes
    }

    /// The share of the wanted probability that is spread over all classes, see [`MarginLoss::with_label_smoothing`].
    pub fn label_smoothing(&self) -> f64 {
        self.label_smoothing
    }

    /// The state before the first step.
    pub fn initial_state(&self) -> LossState {
        self.member.initial_state(self.num_classes)
    }

    /// The scale s that logits have in this state.
    pub fn scale(&self, state: &LossState) -> Result<f64> {
        self.check_state(state)?;
        Ok(self.member.scale(state))
    }

    pub(crate) fn check_state(&self, state: &LossState) -> Result<()> {
        state.check_kind(self.name(), &self.initial_state())
    }

    pub(crate) fn member(&self) -> &dyn Member {
        self.member.as_ref()
    }
}
