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
        Ok(Self { name: options.name(), member, num_classes })
    }

    /// The name, as in [`LossOptions::NAMES`].
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// C, the number of classes.
    pub fn num_classes(&self) -> usize {
        self.num_classes
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
