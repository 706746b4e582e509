//! The step of sharpness-aware minimisation.

use super::Trainer;
use crate::{ProjectionKind, Result, UpdateRule};
use mdfe_loss::Batch;

/// What a pass finds; the projection's gradient is in the scratch memory.
struct Pass {
    loss: f64,
    /// The centers' gradient, `[C*K, D]`.
    centers: Vec<f32>,
}

impl Trainer<'_> {
    /// Foret et al., 2010.01412, algorithm 1: climb by rho along the normalised gradient over all parameters, take the gradient there, come back,
    /// and let the base optimizer step with it. The dropout mask is the same in both passes; the loss's state moves once, in the first.
    pub(super) fn sharpness_aware_step(&mut self, rule: &UpdateRule) -> Result<f64> {
        let trained = self.recipe.projection.kind == ProjectionKind::Linear;
        let before = self.state.loss.clone();
        let here = self.gradients()?;
        let after = std::mem::replace(&mut self.state.loss, before);
        let gradient = self.scratch.gradient.clone();
        let square = |values: &[f32]| values.iter().map(|v| f64::from(*v) * f64::from(*v)).sum::<f64>();
        let own = if trained { square(&gradient.weight) + square(&gradient.bias) } else { 0.0 };
        let norm = (square(&here.centers) + own).sqrt();
        let scale = (self.recipe.optimizer.rho / (norm + 1e-12)) as f32;
        // The place to come back to is kept, not recomputed: subtracting what was added would not give the same bits.
        let (projection, centers) = (self.state.projection.clone(), self.state.centers.clone());
        let climb =
            |weight: &mut [f32], g: &[f32]| weight.iter_mut().zip(g).for_each(|(w, g)| *w += scale * g);
        climb(&mut self.state.centers, &here.centers);
        if trained {
            climb(&mut self.state.projection.weight, &gradient.weight);
            climb(&mut self.state.projection.bias, &gradient.bias);
        }
        let worst = self.gradients();
        (self.state.projection, self.state.centers) = (projection, centers);
        self.state.loss = after;
        rule.apply(&mut self.state.centers, &worst?.centers, &mut self.state.moments.centers);
        self.update_projection(rule);
        Ok(here.loss)
    }

    /// Loss and gradients at the present parameters.
    fn gradients(&mut self) -> Result<Pass> {
        let Self { state, scratch, fused, .. } = self;
        state.projection.forward(&scratch.features, &mut scratch.embedding);
        let batch = Batch { embedding: &scratch.embedding, labels: &scratch.labels };
        let found = fused.loss_and_grad(batch, &state.centers, &mut state.loss)?;
        state.projection.backward(&scratch.features, &found.embedding, &mut scratch.gradient);
        Ok(Pass { loss: found.loss, centers: found.centers })
    }
}
