//! Who watches a training.

use crate::{Result, ValidReport};
use serde::{Deserialize, Serialize};

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

/// Watches a training: a progress bar, a log, or nobody (`()`).
pub trait Observer {
    /// Called after each step.
    ///
    /// # Errors
    /// An error stops the training.
    fn step(&mut self, report: &StepReport) -> Result<()>;

    /// Called after each validation.
    ///
    /// # Errors
    /// An error stops the training.
    fn validated(&mut self, _: &ValidReport) -> Result<()> {
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

    fn validated(&mut self, report: &ValidReport) -> Result<()> {
        self.0.validated(report)?;
        self.1.validated(report)
    }
}

impl<T: Observer + ?Sized> Observer for &mut T {
    fn step(&mut self, report: &StepReport) -> Result<()> {
        (**self).step(report)
    }

    fn validated(&mut self, report: &ValidReport) -> Result<()> {
        (**self).validated(report)
    }
}
