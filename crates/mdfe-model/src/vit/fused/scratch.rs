//! Memory that a forward pass writes and the next one reuses.

use crate::fused::Hidden;
use std::sync::{Mutex, PoisonError};

/// The buffers of one forward pass over M = B T tokens.
#[derive(Default)]
pub(super) struct Scratch<E> {
    /// The residual stream, `[M, D]`; always f32.
    pub(super) x: Vec<f32>,
    /// What the next product reads, `[M, D]`: normalised tokens, attended values.
    pub(super) narrow: Vec<E>,
    /// What is inside the MLP; its wide part also holds unfolded patches and `[M, 3 D]` of attention.
    pub(super) hidden: Hidden<E>,
    /// `[M, D]` in f32, where a branch is normalised after itself.
    pub(super) branch: Vec<f32>,
}

/// Scratches that are not in use: one for each thread that ever ran a forward pass at the same time.
pub(super) struct Scratches<E>(Mutex<Vec<Scratch<E>>>);

impl<E: Default> Scratches<E> {
    pub(super) fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    /// Runs `work` with a scratch of its own.
    pub(super) fn with<R>(&self, work: impl FnOnce(&mut Scratch<E>) -> R) -> R {
        let free = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut scratch = free.unwrap_or_default();
        let result = work(&mut scratch);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(scratch);
        result
    }
}
