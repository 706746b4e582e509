//! What a training has learnt and remembers.

use crate::{Param, Recipe};
use mdfe_loss::LossState;
use serde::{Deserialize, Serialize};

/// The state of a training after a number of steps: all that a checkpoint holds.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainState {
    /// Steps done. Epoch, order and random numbers follow from it.
    pub step: usize,
    /// The parameters: of the encoder, of the projection, then the centers of each head.
    pub params: Vec<Param>,
    /// The memory of each head's loss.
    pub losses: Vec<LossState>,
    /// What validation has found so far.
    pub validation: ValidState,
}

/// What validation has found so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ValidState {
    /// The best score; `None` before the first.
    pub best: Option<BestScore>,
    /// Validations since then.
    pub since: usize,
}

/// The best score of a validation.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct BestScore {
    /// Steps done when it was found.
    pub step: usize,
    /// mMP@k, 0..1.
    pub score: f64,
}

impl TrainState {
    /// The state before the first step: the optimizer's memory is made for what is trained.
    pub(super) fn new(recipe: &Recipe, mut params: Vec<Param>, losses: Vec<LossState>) -> Self {
        let averaged = recipe.train.ema_decay > 0.0;
        params.iter_mut().for_each(|param| param.prepare(recipe.optimizer.name, averaged));
        Self { step: 0, params, losses, validation: ValidState::default() }
    }

    /// The parameter of this name.
    pub fn param(&self, name: &str) -> Option<&Param> {
        self.params.iter().find(|param| param.name == name)
    }

    /// The values of the parameter of this name; none where there is no such parameter.
    pub fn values(&self, name: &str) -> &[f32] {
        self.param(name).map_or(&[], |param| &param.data)
    }

    /// Everything that a checkpoint holds, by name.
    pub(crate) fn tensors(&mut self) -> impl Iterator<Item = (String, &mut Vec<f32>)> {
        self.params.iter_mut().flat_map(Param::tensors)
    }

    /// The first parameter or moment with a value that is not finite, by its name in checkpoints.
    pub(super) fn not_finite(&self) -> Option<String> {
        let spoilt = |values: &[f32]| values.iter().any(|value| !value.is_finite());
        self.params.iter().find_map(|param| {
            if spoilt(&param.data) {
                return Some(param.name.clone());
            }
            spoilt(&param.slots.second).then(|| format!("optimizer.{}.second", param.name))
        })
    }
}
