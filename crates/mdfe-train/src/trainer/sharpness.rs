//! The gradients of sharpness-aware minimisation.

use super::{Trainer, gradients::Gradients, step::Round};
use crate::{Param, Result, Samples};

impl Trainer<'_> {
    /// Foret et al., 2010.01412, algorithm 1: climb by rho along the normalised gradient over all parameters, take the gradient there, come
    /// back, and let the base optimizer step with it. Dropout masks and draws are the same in both passes; the loss's state moves once, in
    /// the first. The loss is that of the first.
    pub(super) fn sharpness_aware(&mut self, batches: &mut [Samples]) -> Result<(f64, Gradients)> {
        let before = self.state.losses.clone();
        let (loss, here) = self.gradients(batches, Round::First)?;
        let after = std::mem::replace(&mut self.state.losses, before);
        let scale = (self.recipe.optimizer.rho / (here.norm() + 1e-12)) as f32;
        // The place to come back to is kept, not recomputed: subtracting what was added would not give the same bits.
        let place: Vec<Vec<f32>> = self.state.params.iter().map(|param| param.data.clone()).collect();
        for (param, gradient) in self.state.params.iter_mut().zip(&here.0) {
            param.data.iter_mut().zip(gradient).for_each(|(w, g)| *w += scale * g);
        }
        self.reload()?;
        let worst = self.gradients(batches, Round::Second);
        for (param, data) in self.state.params.iter_mut().zip(place) {
            param.data = data;
        }
        self.state.losses = after;
        self.reload()?;
        Ok((loss, worst?.1))
    }

    /// Gives the encoder the values that the embedder is made of: averages where there are any.
    pub(super) fn load_final(&mut self) -> Result<()> {
        let Self { encoder, state, parts, .. } = self;
        let finals: Vec<Param> = state.params[parts.backbone()]
            .iter()
            .map(|param| Param { data: param.final_data().to_vec(), ..param.clone() })
            .collect();
        encoder.load(&finals)
    }

    /// Gives the encoder its present values.
    pub(super) fn reload(&mut self) -> Result<()> {
        let Self { encoder, state, parts, .. } = self;
        encoder.load(&state.params[parts.backbone()])
    }
}
