//! What a training has learnt and remembers.

use crate::{Linear, Moments, ParameterMoments, ProjectionKind, Recipe, random};
use mdfe_loss::{CenterShape, LossState};

/// The state of a training after a number of steps: all that a checkpoint holds.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainState {
    /// Steps done. Epoch, order and random numbers follow from it.
    pub step: usize,
    /// The projection.
    pub projection: Linear,
    /// `[C*K, D]`.
    pub centers: Vec<f32>,
    /// Shape of the centers.
    pub shape: CenterShape,
    /// The optimizer's memory.
    pub moments: ParameterMoments,
    /// The loss's memory.
    pub loss: LossState,
}

impl TrainState {
    /// The state before the first step: projection and centers drawn from the recipe's seed.
    pub(crate) fn new(recipe: &Recipe, feature_dim: usize, shape: CenterShape, loss: LossState) -> Self {
        let (seed, kind) = (recipe.train.seed, recipe.optimizer.name);
        let projection = match recipe.projection.kind {
            ProjectionKind::Linear => Linear::new(feature_dim, shape.embed_dim, seed),
            ProjectionKind::AvgPool => Linear::average_pool(feature_dim, shape.embed_dim),
        };
        let centers = shape.xavier_uniform(&mut random::stream(seed, random::Purpose::Centers, 0));
        let moments = ParameterMoments {
            weight: Moments::new(kind, projection.weight.len()),
            bias: Moments::new(kind, projection.bias.len()),
            centers: Moments::new(kind, centers.len()),
        };
        Self { step: 0, projection, centers, shape, moments, loss }
    }

    /// The first parameter or moment with a value that is not finite, by its name in checkpoints.
    pub(crate) fn not_finite(&self) -> Option<&'static str> {
        let ParameterMoments { weight, bias, centers } = &self.moments;
        let all: [(&'static str, &[f32]); 6] = [
            ("projection.weight", &self.projection.weight),
            ("projection.bias", &self.projection.bias),
            ("centers", &self.centers),
            ("optimizer.projection.weight.second", &weight.second),
            ("optimizer.projection.bias.second", &bias.second),
            ("optimizer.centers.second", &centers.second),
        ];
        all.into_iter()
            .find(|(_, values)| values.iter().any(|value| !value.is_finite()))
            .map(|(name, _)| name)
    }
}
