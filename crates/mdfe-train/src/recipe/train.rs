//! The course of the training.

use crate::config::{Takes, section};

section! {
    /// The course of the training.
    pub struct TrainOptions {
        /// Passes over the data.
        epochs: usize = 10, Takes::Count(1);
        /// Steps of the whole training, in place of `train.epochs`.
        #[serde(skip_serializing_if = "Option::is_none")]
        steps: Option<usize> = None, Takes::Count(1);
        /// B, samples in a step. The last batch of an epoch is as large as what is left.
        batch: usize = 128, Takes::Count(1);
        /// Seed of the initial values, the order and the dropout.
        seed: u64 = 0, Takes::Count(0);
        /// Epochs between checkpoints; 0 writes one at the end alone.
        checkpoint_every: usize = 1, Takes::Count(0);
        /// Checkpoints that are kept, the newest.
        keep: usize = 2, Takes::Count(1);
    }
}

impl TrainOptions {
    /// Steps of the whole training: `steps`, or those of `epochs`.
    pub fn total_steps(&self, steps_per_epoch: usize) -> usize {
        self.steps.unwrap_or(steps_per_epoch * self.epochs)
    }
}
