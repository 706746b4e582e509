//! One training step.

use super::{TrainState, Trainer};
use crate::{Error, Linear, ProjectionKind, Result, UpdateRule, linear};
use mdfe_loss::Batch;

/// Memory that every step uses again.
pub(super) struct Scratch {
    /// `[B, D_in]`, after dropout.
    pub(super) features: Vec<f32>,
    /// `[B, D]`.
    pub(super) embedding: Vec<f32>,
    /// `[B]`.
    pub(super) labels: Vec<u32>,
    pub(super) gradient: Linear,
}

impl Scratch {
    pub(super) fn new(state: &TrainState) -> Self {
        let gradient = Linear {
            weight: vec![0.0; state.projection.weight.len()],
            bias: vec![0.0; state.projection.bias.len()],
        };
        Self { features: Vec::new(), embedding: Vec::new(), labels: Vec::new(), gradient }
    }
}

impl Trainer<'_> {
    /// Trains on the samples `rows` at a learning rate; the mean loss before the update.
    pub(super) fn train_step(&mut self, rows: &[usize], epoch: usize, lr: f64) -> Result<f64> {
        self.load(rows, epoch)?;
        let rule = UpdateRule::new(&self.recipe.optimizer, lr, self.state.step);
        let loss = if self.recipe.optimizer.name.is_sharpness_aware() {
            self.sharpness_aware_step(&rule)?
        } else {
            self.plain_step(&rule)?
        };
        if loss.is_finite() {
            Ok(loss)
        } else {
            Err(Error::Loss(mdfe_loss::Error::NotFinite { what: "loss", row: 0 }))
        }
    }

    /// Gathers the batch and applies dropout.
    fn load(&mut self, rows: &[usize], epoch: usize) -> Result<()> {
        let Self { recipe, source, state, scratch, .. } = self;
        scratch.features.resize(rows.len() * source.dim(), 0.0);
        source.gather(rows, epoch, &mut scratch.features)?;
        linear::dropout(&mut scratch.features, recipe.projection.dropout, recipe.train.seed, state.step);
        scratch.labels.clear();
        scratch.labels.extend(rows.iter().map(|&row| source.labels()[row]));
        scratch.embedding.resize(rows.len() * state.projection.embed_dim(), 0.0);
        Ok(())
    }

    /// The centers' optimizer runs inside the loss's fused pass.
    fn plain_step(&mut self, rule: &UpdateRule) -> Result<f64> {
        let Self { state, scratch, fused, .. } = self;
        state.projection.forward(&scratch.features, &mut scratch.embedding);
        let batch = Batch { embedding: &scratch.embedding, labels: &scratch.labels };
        let update = rule.for_centers(&mut state.moments.centers, state.shape.embed_dim);
        let output = fused.step(batch, &mut state.centers, &mut state.loss, update)?;
        state.projection.backward(&scratch.features, &output.embedding, &mut scratch.gradient);
        self.update_projection(rule);
        Ok(output.loss)
    }

    pub(super) fn update_projection(&mut self, rule: &UpdateRule) {
        if self.recipe.projection.kind == ProjectionKind::AvgPool {
            return;
        }
        let TrainState { projection, moments, .. } = &mut self.state;
        let gradient = &self.scratch.gradient;
        rule.apply(&mut projection.weight, &gradient.weight, &mut moments.weight);
        rule.apply(&mut projection.bias, &gradient.bias, &mut moments.bias);
    }
}
