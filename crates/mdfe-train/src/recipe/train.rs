//! The course of the training.

use crate::config::{Range, Takes, choices, section};
use mdfe_data::Sampling;
use std::path::PathBuf;

choices! {
    /// Which samples an epoch holds.
    #[derive(Default)]
    pub enum SamplerKind {
        /// Every sample once.
        #[default]
        Uniform = "uniform",
        /// Every class equally often, `per_class` images of it side by side.
        Class = "class",
        /// Every domain equally often in every batch.
        Domain = "domain",
    }
}

section! {
    /// The course of the training.
    pub struct TrainOptions {
        /// Passes over the data; 0 trains nothing, for a projection that is fitted or random.
        epochs: usize = 10, Takes::Count(0);
        /// Steps of the whole training, in place of `train.epochs`.
        #[serde(skip_serializing_if = "Option::is_none")]
        steps: Option<usize> = None, Takes::Count(1);
        /// B, samples in a batch. The last batch of an epoch is as large as what is left.
        batch: usize = 128, Takes::Count(1);
        /// Batches whose mean gradient makes a step.
        accumulate: usize = 1, Takes::Count(1);
        /// Seed of the initial values, the order, the augmentations and the dropout.
        seed: u64 = 0, Takes::Count(0);
        /// Which samples an epoch holds.
        sampler: SamplerKind = SamplerKind::Uniform, Takes::choice::<SamplerKind>();
        /// `sampler = "class"`: images of a class side by side; the batch is a multiple of it.
        per_class: usize = 4, Takes::Count(1);
        /// Length to which the gradients of all parameters together are shortened; without, they are not.
        #[serde(skip_serializing_if = "Option::is_none")]
        clip_norm: Option<f64> = None, Takes::Number(Range::to(0.0, 1e9));
        /// Decay of the moving average of the weights that the embedder is made of; 0 for none.
        ema_decay: f64 = 0.0, Takes::Number(Range::below(0.0, 1.0));
        /// Run folder, checkpoint, embedder or `hf-hub:ORG/NAME` to begin with, in place of random values; what has the same name and size is taken.
        #[serde(skip_serializing_if = "Option::is_none")]
        init: Option<PathBuf> = None, Takes::Text;
        /// Epochs between checkpoints; 0 writes one at the end alone.
        checkpoint_every: usize = 1, Takes::Count(0);
        /// Steps between checkpoints, in place of `checkpoint_every`.
        #[serde(skip_serializing_if = "Option::is_none")]
        checkpoint_every_steps: Option<usize> = None, Takes::Count(1);
        /// Checkpoints that are kept, the newest.
        keep: usize = 2, Takes::Count(1);
        /// Store that gets a copy of the run folder after each checkpoint and at the end, in a folder of the run's name: an address such
        /// as `s3://bucket/folder`, `gs://`, `az://`, `gdrive://` or `file://`. Needs a build with the feature `full`.
        #[serde(skip_serializing_if = "Option::is_none")]
        upload: Option<String> = None, Takes::Address;
    }
}

impl TrainOptions {
    /// Steps of the whole training: `steps`, or those of `epochs`.
    pub fn total_steps(&self, steps_per_epoch: usize) -> usize {
        self.steps.unwrap_or(steps_per_epoch * self.epochs)
    }

    /// Steps between checkpoints; 0 for none before the end.
    pub(crate) fn checkpoint_steps(&self, per_epoch: usize) -> usize {
        self.checkpoint_every_steps.unwrap_or(self.checkpoint_every * per_epoch)
    }

    /// How the sampler is asked.
    pub(crate) fn sampling(&self) -> Sampling {
        match self.sampler {
            SamplerKind::Uniform => Sampling::Uniform,
            SamplerKind::Class => Sampling::ClassBalanced { per_class: self.per_class },
            SamplerKind::Domain => Sampling::DomainBalanced,
        }
    }
}
