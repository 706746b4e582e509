//! Where the time of a training goes.

use std::time::{Duration, Instant};

/// Time in each part of the steps so far. What is left of the wall time was spent in the source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StepTimes {
    /// From values to features, and back where the encoder trains; dropout.
    pub encoder: Duration,
    /// The projection, both ways.
    pub projection: Duration,
    /// Loss, gradients and, inside the fused pass, the centers' update.
    pub head: Duration,
    /// All other updates.
    pub update: Duration,
}

/// Adds the time that `work` takes to `part`.
pub(super) fn timed<T>(part: &mut Duration, work: impl FnOnce() -> T) -> T {
    let started = Instant::now();
    let out = work();
    *part += started.elapsed();
    out
}
