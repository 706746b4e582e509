//! How a projection is trained: everything but the data and the backbone.

use crate::{OptimizerOptions, Schedule};
use mdfe_loss::LossOptions;
use serde::{Deserialize, Serialize};

/// Kind of projection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProjectionKind {
    /// A linear map with bias, trained.
    #[default]
    Linear,
    /// Adaptive average pooling; the centers alone are trained.
    AvgPool,
}

/// The projection from features to embedding.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProjectionOptions {
    /// Kind. Default `linear`.
    pub kind: ProjectionKind,
    /// D, width of the embedding. Default 64.
    pub embed_dim: usize,
    /// Probability of dropout on the features, 0 to below 1. Default 0.2.
    pub dropout: f64,
}

impl Default for ProjectionOptions {
    fn default() -> Self {
        Self { kind: ProjectionKind::Linear, embed_dim: 64, dropout: 0.2 }
    }
}

/// The margin loss and its centers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LossConfig {
    /// K, centers of each class. Default 1.
    #[serde(default = "one")]
    pub sub_centers: usize,
    /// Which loss (`name`), and its options; see [`mdfe_loss::LossOptions`] for their names and defaults.
    #[serde(flatten)]
    pub options: LossOptions,
}

fn one() -> usize {
    1
}

impl Default for LossConfig {
    fn default() -> Self {
        Self { sub_centers: 1, options: LossOptions::default() }
    }
}

/// The course of the training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainOptions {
    /// Passes over the data. Default 10.
    pub epochs: usize,
    /// B, samples in a step. The last batch of an epoch is as large as what is left. Default 128.
    pub batch: usize,
    /// Seed of the initial values, the order and the dropout. Default 0.
    pub seed: u64,
    /// Epochs between checkpoints; 0 writes one at the end alone. Default 1.
    pub checkpoint_every: usize,
    /// Checkpoints that are kept, the newest. Default 2.
    pub keep: usize,
}

impl Default for TrainOptions {
    fn default() -> Self {
        Self { epochs: 10, batch: 128, seed: 0, checkpoint_every: 1, keep: 2 }
    }
}

/// All that decides a training besides its data.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Recipe {
    /// The projection.
    pub projection: ProjectionOptions,
    /// The margin loss and its centers.
    pub loss: LossConfig,
    /// The optimizer of projection and centers.
    pub optimizer: OptimizerOptions,
    /// The learning rate's course.
    pub schedule: Schedule,
    /// Epochs, batch, seed, checkpoints.
    pub train: TrainOptions,
}
