//! A block of classes: its scratch memory and its cosines with the batch.

use super::{forward::Others, plan::Plan, samples::Samples, sink::CenterRows};
use crate::{
    Error, Result,
    kernel::{Aligned, Maximum, Normalize, Products, WORD, Winners, padded},
};
use std::{ops::Range, sync::Mutex};

/// The memory one thread needs for a block; n is the number of its classes.
#[derive(Debug, Default)]
pub(crate) struct Block {
    /// Unit centers, `[n*K, D padded]`.
    pub(crate) units: Aligned,
    /// 1 / norm of the centers, `[n*K]`.
    pub(crate) inverses: Vec<f32>,
    /// Cosines, `[n*K, B padded]`.
    pub(crate) cosines: Aligned,
    /// The maximum over sub-centers, `[n, B padded]`; later logits, probabilities, gradients. Empty if K = 1, where `cosines` serves.
    pub(crate) best: Aligned,
    /// Which sub-center it was, `[n, B padded]`. Unused if K = 1.
    pub(crate) winners: Vec<u8>,
    /// The samples of each sub-center as bits, `[n*K, B padded / WORD]`, rounded up. Unused if K = 1.
    pub(crate) members: Vec<u64>,
    /// Derivatives of the logits by the cosines, `[n, B padded]`. Unused without a rule.
    pub(crate) slope: Aligned,
    /// The gradient by the unit centers, `[n*K, D padded]`.
    pub(crate) gradients: Aligned,
    /// The gradient by the centers, `[n*K, D]`.
    pub(crate) projected: Aligned,
}

/// Blocks of memory that outlive a step, so that no step has to touch fresh pages.
#[derive(Debug, Default)]
pub(crate) struct Pool(Mutex<Vec<Block>>);

impl Pool {
    /// Lends a block to `work`.
    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut Block) -> T) -> T {
        // A poisoned lock guards plain memory whose content is written before it is read.
        let lock = || self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut block = lock().pop().unwrap_or_default();
        let result = work(&mut block);
        lock().push(block);
        result
    }
}

impl Block {
    /// Computes the cosines of the classes at `positions` with all samples and, for K > 1, their maxima.
    pub(crate) fn load(
        &mut self,
        plan: &Plan,
        samples: &Samples,
        positions: Range<usize>,
        centers: CenterRows,
    ) -> Result<()> {
        let (dim, sub_centers) = (plan.shape.embed_dim, plan.shape.sub_centers);
        let (depth, width) = (padded(dim), samples.width);
        let (classes, rows) = (positions.len(), positions.len() * sub_centers);
        self.units.resize(rows * depth);
        self.inverses.resize(rows, 0.0);
        self.cosines.resize(rows * width);
        // A block of all classes lies in one piece; sampled classes are gathered one by one.
        let pieces = if plan.is_dense() { 1 } else { classes };
        let piece = rows / pieces;
        for index in 0..pieces {
            let row = plan.class(positions.start + index) * sub_centers;
            let bad = plan.level.dispatch(Normalize {
                rows: &centers.values[(row - centers.first_row) * dim..][..piece * dim],
                depth: dim,
                units: &mut self.units[index * piece * depth..][..piece * depth],
                width: depth,
                inverses: &mut self.inverses[index * piece..][..piece],
            });
            if let Some(bad) = bad {
                return Err(Error::NotFinite { what: "centers", row: row + bad });
            }
        }
        plan.level.dispatch(Products {
            rows: &self.units,
            stride: depth,
            columns: &samples.columns,
            width,
            out: &mut self.cosines,
        });
        if sub_centers > 1 {
            self.best.resize(classes * width);
            plan.level.dispatch(Maximum { cosines: &self.cosines, width, best: &mut self.best });
        }
        Ok(())
    }

    /// Finds out which sub-centers the maxima are, which only the gradients ask for; before the rule changes the maxima.
    pub(crate) fn find_winners(&mut self, plan: &Plan, samples: &Samples) {
        let width = samples.width;
        self.winners.resize(self.best.len(), 0);
        self.members.resize(self.inverses.len() * width.div_ceil(WORD), 0);
        plan.level.dispatch(Winners {
            cosines: &self.cosines,
            best: &self.best,
            width,
            winners: &mut self.winners,
            members: &mut self.members,
        });
    }

    /// Turns the cosines into logits before scaling by the loss's rule, and takes the samples' own classes out.
    pub(crate) fn apply(&mut self, plan: &Plan, samples: &Samples, positions: Range<usize>, others: &Others) {
        let width = samples.width;
        let values = if self.best.is_empty() { &mut self.cosines } else { &mut self.best };
        if let Some(rule) = others.rule {
            self.slope.resize(values.len());
            rule.apply(plan.level, others.bound, values, &mut self.slope);
        }
        for &sample in samples.targets_in(positions.clone()) {
            let class = samples.targets[sample].position - positions.start;
            values[class * width + sample] = f32::NEG_INFINITY;
        }
    }

    /// The logits before scaling, `[n, B padded]`.
    pub(crate) fn values(&self) -> &[f32] {
        if self.best.is_empty() { &self.cosines } else { &self.best }
    }
}
