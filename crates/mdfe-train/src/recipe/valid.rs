//! Validation during the training.

use crate::config::{Range, Takes, section};

section! {
    /// Validation during the training, on classes of the training data that are then not trained.
    pub struct ValidOptions {
        /// Share of the training classes that is held out to validate; 0 for no validation.
        classes: f64 = 0.0, Takes::Number(Range::to(0.0, 0.5));
        /// Seed of their draw, apart from `train.seed`: trainings of several seeds are validated on the same classes.
        seed: u64 = 0, Takes::Count(0);
        /// Epochs between validations.
        every: usize = 1, Takes::Count(1);
        /// Steps between validations, in place of `every`.
        #[serde(skip_serializing_if = "Option::is_none")]
        every_steps: Option<usize> = None, Takes::Count(1);
        /// Validations without a better score after which the training ends; 0 for never.
        patience: usize = 0, Takes::Count(0);
    }
}

impl ValidOptions {
    /// Steps between validations.
    pub(crate) fn every_steps(&self, per_epoch: usize) -> usize {
        self.every_steps.unwrap_or(self.every * per_epoch)
    }
}
