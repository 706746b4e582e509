//! Who watches a run.

use crate::{Scalar, StepReport};
use mdfe_model::extract::{ExtractProgress, Extraction};

/// Who watches a run.
pub trait RunObserver {
    /// An extraction of `dataset` goes on.
    fn extracting(&mut self, dataset: &str, progress: ExtractProgress);
    /// The extraction of `dataset` has ended.
    fn extracted(&mut self, dataset: &str, extraction: &Extraction);
    /// The training goes on from a checkpoint: `step` of `total` are done.
    fn resumed(&mut self, step: usize, total: usize);
    /// A training step has ended.
    fn trained(&mut self, report: &StepReport);
    /// A value has been measured, such as a validation's score.
    fn scalar(&mut self, _: &Scalar) {}
}

/// Nobody.
impl RunObserver for () {
    fn extracting(&mut self, _: &str, _: ExtractProgress) {}
    fn extracted(&mut self, _: &str, _: &Extraction) {}
    fn resumed(&mut self, _: usize, _: usize) {}
    fn trained(&mut self, _: &StepReport) {}
}
