//! How the classes of a step are cut up: into chunks for threads, into blocks for the cache.

use crate::{CenterShape, ClassSample, Error, Level, Result, kernel::padded};
use std::ops::Range;

/// At most this many chunks. Each has a partial gradient `[B, D]` of its own; more threads than this have nothing to do.
const MAX_CHUNKS: usize = 64;

/// Values of a block's cosines: 48 KB, which leaves room for its centers and the batch in the second-level cache.
const BLOCK_VALUES: usize = 12 * 1024;

/// What may be chosen about the cutting and the work.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tuning {
    /// Classes per block; `None` for as many as fit the cache.
    pub(crate) block_classes: Option<usize>,
    /// The instruction set of the kernels.
    pub(crate) level: Level,
}

/// The classes that take part in a step, and their partition, which depends on sizes alone and never on the number of threads: the same
/// input gives the same bytes on any number of them.
#[derive(Debug)]
pub(crate) struct Plan<'a> {
    pub(crate) shape: CenterShape,
    /// The instruction set of the kernels.
    pub(crate) level: Level,
    sample: Option<&'a [u32]>,
    /// The number of classes that take part.
    active: usize,
    /// Classes per block.
    block: usize,
    /// Classes per chunk, a multiple of `block`.
    chunk: usize,
}

impl<'a> Plan<'a> {
    pub(crate) fn new(
        shape: CenterShape,
        sample: Option<&'a ClassSample>,
        samples: usize,
        tuning: Tuning,
    ) -> Self {
        let sample = sample.map(ClassSample::classes);
        let active = sample.map_or(shape.num_classes, <[u32]>::len);
        let fitting = (BLOCK_VALUES / (shape.sub_centers * padded(samples))).clamp(4, 128);
        let block = tuning.block_classes.unwrap_or(fitting).max(1);
        let chunk = active.div_ceil(MAX_CHUNKS).next_multiple_of(block);
        Self { shape, level: tuning.level, sample, active, block, chunk }
    }

    /// The number of classes that take part.
    pub(crate) fn active(&self) -> usize {
        self.active
    }

    /// The class at a position.
    pub(crate) fn class(&self, position: usize) -> usize {
        self.sample.map_or(position, |classes| classes[position] as usize)
    }

    /// Whether all classes take part, so that those of a block lie side by side.
    pub(crate) fn is_dense(&self) -> bool {
        self.sample.is_none()
    }

    /// The position of a sample's class.
    pub(crate) fn position(&self, sample: usize, label: u32) -> Result<usize> {
        match self.sample {
            None => Ok(label as usize),
            Some(classes) => classes.binary_search(&label).map_err(|_| Error::NotSampled { label, sample }),
        }
    }

    pub(crate) fn chunks(&self) -> Vec<Range<usize>> {
        let starts = (0..self.active).step_by(self.chunk);
        starts.map(|start| start..self.active.min(start + self.chunk)).collect()
    }

    pub(crate) fn blocks(&self, chunk: Range<usize>) -> impl Iterator<Item = Range<usize>> + use<> {
        let (end, block) = (chunk.end, self.block);
        chunk.step_by(block).map(move |start| start..end.min(start + block))
    }
}
