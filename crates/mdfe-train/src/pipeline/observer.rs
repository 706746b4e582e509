//! Who watches a run.

use crate::{Scalar, StepReport};
use mdfe_model::extract::{ExtractProgress, Extraction};
use std::path::Path;

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
    /// A checkpoint has been written: its file in the run folder, whole and under its name.
    fn checkpoint(&mut self, _: &Path) {}
}

/// Nobody.
impl RunObserver for () {
    fn extracting(&mut self, _: &str, _: ExtractProgress) {}
    fn extracted(&mut self, _: &str, _: &Extraction) {}
    fn resumed(&mut self, _: usize, _: usize) {}
    fn trained(&mut self, _: &StepReport) {}
}

/// Two watchers, one after the other.
impl<A: RunObserver, B: RunObserver> RunObserver for (A, B) {
    fn extracting(&mut self, dataset: &str, progress: ExtractProgress) {
        self.0.extracting(dataset, progress);
        self.1.extracting(dataset, progress);
    }

    fn extracted(&mut self, dataset: &str, extraction: &Extraction) {
        self.0.extracted(dataset, extraction);
        self.1.extracted(dataset, extraction);
    }

    fn resumed(&mut self, step: usize, total: usize) {
        self.0.resumed(step, total);
        self.1.resumed(step, total);
    }

    fn trained(&mut self, report: &StepReport) {
        self.0.trained(report);
        self.1.trained(report);
    }

    fn scalar(&mut self, scalar: &Scalar) {
        self.0.scalar(scalar);
        self.1.scalar(scalar);
    }

    fn checkpoint(&mut self, path: &Path) {
        self.0.checkpoint(path);
        self.1.checkpoint(path);
    }
}

impl<T: RunObserver + ?Sized> RunObserver for &mut T {
    fn extracting(&mut self, dataset: &str, progress: ExtractProgress) {
        (**self).extracting(dataset, progress);
    }

    fn extracted(&mut self, dataset: &str, extraction: &Extraction) {
        (**self).extracted(dataset, extraction);
    }

    fn resumed(&mut self, step: usize, total: usize) {
        (**self).resumed(step, total);
    }

    fn trained(&mut self, report: &StepReport) {
        (**self).trained(report);
    }

    fn scalar(&mut self, scalar: &Scalar) {
        (**self).scalar(scalar);
    }

    fn checkpoint(&mut self, path: &Path) {
        (**self).checkpoint(path);
    }
}
