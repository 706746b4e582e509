//! The optimizer inside the loss's fused pass.

use super::optimizer::{Part, Rule};
use mdfe_loss::CenterUpdate;

/// The moments of some rows of the centers, and the rule for them.
pub(super) struct CenterPart<'a> {
    pub(super) rule: &'a dyn Rule,
    pub(super) first: &'a mut [f32],
    /// Empty where the optimizer has no second moment.
    pub(super) second: &'a mut [f32],
    pub(super) embed_dim: usize,
}

impl CenterUpdate for CenterPart<'_> {
    fn split_at(self, rows: usize) -> (Self, Self) {
        let Self { rule, first, second, embed_dim } = self;
        let cut = rows * embed_dim;
        let (first, more_first) = first.split_at_mut(cut);
        let (second, more_second) = second.split_at_mut(cut.min(second.len()));
        (
            Self { rule, first, second, embed_dim },
            Self { rule, first: more_first, second: more_second, embed_dim },
        )
    }

    fn update(&mut self, first_row: usize, centers: &mut [f32], gradient: &[f32]) {
        let range = first_row * self.embed_dim..first_row * self.embed_dim + centers.len();
        let second = if self.second.is_empty() { &mut [][..] } else { &mut self.second[range.clone()] };
        self.rule.update(Part { weight: centers, gradient, first: &mut self.first[range], second });
    }
}
