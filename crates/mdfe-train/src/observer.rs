//! Who watches a training.

use crate::Result;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// What a training step reports.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepReport {
    /// The step, counted from 0.
    pub step: usize,
    /// Its epoch, counted from 0.
    pub epoch: usize,
    /// Steps of the whole training.
    pub total_steps: usize,
    /// Mean loss of the batch, before the update.
    pub loss: f64,
    /// Learning rate.
    pub lr: f64,
    /// Samples per second since this run started.
    pub samples_per_s: f64,
}

/// A value of a training at one of its steps, besides what every step reports: a score of the validation, say.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scalar {
    /// The step after which it was measured, counted from 0.
    pub step: usize,
    /// Its name, such as `valid/mMP@5`; TensorBoard makes what stands before a slash a group of charts.
    pub name: String,
    /// The value.
    pub value: f64,
}

/// Watches a training: a progress bar, a log, or nobody (`()`).
pub trait Observer {
    /// Called after each step.
    ///
    /// # Errors
    /// An error stops the training.
    fn step(&mut self, report: &StepReport) -> Result<()>;

    /// Called with a value that was measured after a step; most watchers do not mind.
    ///
    /// # Errors
    /// An error stops the training.
    fn scalar(&mut self, _: &Scalar) -> Result<()> {
        Ok(())
    }

    /// Called when a checkpoint has been written: its file, whole and under its name. Newer ones may replace it at any time.
    ///
    /// # Errors
    /// An error stops the training.
    fn checkpoint(&mut self, _: &Path) -> Result<()> {
        Ok(())
    }
}

impl Observer for () {
    fn step(&mut self, _: &StepReport) -> Result<()> {
        Ok(())
    }
}

/// A closure as an observer.
pub struct Watch<F>(pub F);

impl<F: FnMut(&StepReport)> Observer for Watch<F> {
    fn step(&mut self, report: &StepReport) -> Result<()> {
        (self.0)(report);
        Ok(())
    }
}

/// Two observers, one after the other.
impl<A: Observer, B: Observer> Observer for (A, B) {
    fn step(&mut self, report: &StepReport) -> Result<()> {
        self.0.step(report)?;
        self.1.step(report)
    }

    fn scalar(&mut self, scalar: &Scalar) -> Result<()> {
        self.0.scalar(scalar)?;
        self.1.scalar(scalar)
    }

    fn checkpoint(&mut self, path: &Path) -> Result<()> {
        self.0.checkpoint(path)?;
        self.1.checkpoint(path)
    }
}

impl<T: Observer + ?Sized> Observer for &mut T {
    fn step(&mut self, report: &StepReport) -> Result<()> {
        (**self).step(report)
    }

    fn scalar(&mut self, scalar: &Scalar) -> Result<()> {
        (**self).scalar(scalar)
    }

    fn checkpoint(&mut self, path: &Path) -> Result<()> {
        (**self).checkpoint(path)
    }
}
