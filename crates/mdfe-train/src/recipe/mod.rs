//! How a projection is trained: everything but the data and the backbone.

mod loss;
mod projection;
mod train;
mod valid;

pub use loss::LossConfig;
pub use projection::{ProjectionKind, ProjectionOptions};
pub use train::{SamplerKind, TrainOptions};
pub use valid::ValidOptions;

use crate::{Error, OptimizerOptions, Result, Schedule, config};
use serde::{Deserialize, Serialize};

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
    /// Validation on classes that are held out.
    pub valid: ValidOptions,
}

impl Recipe {
    /// Checks every value as an experiment file's are checked, by the same table of keys.
    ///
    /// # Errors
    /// [`Error::Config`] names the first key whose value does not fit, and what it takes.
    pub fn check(&self) -> Result<()> {
        self.problem()
            .map_or(Ok(()), |problem| Err(Error::Config { place: "the recipe".to_owned(), problem }))
    }

    /// The first thing that does not fit, as a sentence.
    pub(crate) fn problem(&self) -> Option<String> {
        let values = toml::Table::try_from(self).map_err(|e| e.to_string().replace('\n', " "));
        values
            .and_then(|values| config::check(&values))
            .and_then(|()| self.schedule.check(self.optimizer.lr))
            .and_then(|()| self.loss.check())
            .err()
    }
}
