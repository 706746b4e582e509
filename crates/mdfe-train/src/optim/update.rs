//! The update of one step over whole parameters.

use super::{
    Moments, OptimizerOptions,
    centers::CenterPart,
    optimizer::{Part, Rule, Step},
};
use mdfe_loss::CenterUpdate;
use rayon::prelude::*;

/// Values that a thread updates at a time.
const CHUNK: usize = 1 << 14;

/// One step's update rule. `SAM_*` rules are their base optimizer's; the neighbourhood is the trainer's affair.
pub struct UpdateRule {
    rule: Box<dyn Rule>,
    has_second_moment: bool,
}

impl UpdateRule {
    /// The rule of a step, counted from 0, at a learning rate.
    pub fn new(options: &OptimizerOptions, lr: f64, step: usize) -> Self {
        let optimizer = options.name.member();
        let rule = optimizer.rule(options, Step { lr, number: (step + 1) as f64 });
        Self { rule, has_second_moment: optimizer.has_second_moment() }
    }

    /// Updates a parameter in place. The same bytes on any number of threads.
    ///
    /// # Panics
    /// When gradient or moments do not have the length of the parameter, or the moments are another optimizer's.
    pub fn apply(&self, weight: &mut [f32], gradient: &[f32], moments: &mut Moments) {
        self.check(weight.len(), moments);
        assert_eq!(gradient.len(), weight.len(), "length of the gradient");
        let Moments { first, second } = moments;
        let parts =
            weight.par_chunks_mut(CHUNK).zip(gradient.par_chunks(CHUNK)).zip(first.par_chunks_mut(CHUNK));
        if self.has_second_moment {
            parts.zip(second.par_chunks_mut(CHUNK)).for_each(|(((weight, gradient), first), second)| {
                self.rule.update(Part { weight, gradient, first, second });
            });
        } else {
            parts.for_each(|((weight, gradient), first)| {
                self.rule.update(Part { weight, gradient, first, second: &mut [] });
            });
        }
    }

    /// The centers' part of the step, for [`mdfe_loss::FusedStep::step`], with the moments of centers `[C*K, D]`.
    ///
    /// # Panics
    /// When the moments are another optimizer's.
    pub fn for_centers<'a>(
        &'a self,
        moments: &'a mut Moments,
        embed_dim: usize,
    ) -> impl CenterUpdate + use<'a> {
        self.check(moments.first.len(), moments);
        CenterPart { rule: &*self.rule, first: &mut moments.first, second: &mut moments.second, embed_dim }
    }

    /// Moments of another length would end the loops early, without a word.
    fn check(&self, len: usize, moments: &Moments) {
        assert_eq!(moments.first.len(), len, "length of the first moment");
        let second = if self.has_second_moment { len } else { 0 };
        assert_eq!(moments.second.len(), second, "length of the second moment");
    }
}
