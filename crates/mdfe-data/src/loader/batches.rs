//! Loading the batches of an epoch with worker threads.

use super::Sampler;
use crate::{
    ClassId, Dataset, OrderedOptions, PreprocessRecord, SampleKey, TransformKind, Transformer, ordered_map,
};
use std::{path::PathBuf, time::Duration};

/// How much is done at once.
#[derive(Clone, Copy, Debug)]
pub struct LoaderOptions {
    /// Worker threads (default: all cores).
    pub threads: usize,
    /// Batches that may be loaded before they are taken; memory is about this many batches of pixels (default: 2).
    pub ahead: usize,
}

impl Default for LoaderOptions {
    fn default() -> Self {
        Self { threads: OrderedOptions::default().threads, ahead: 2 }
    }
}

/// The pixels and labels of one training step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// Position in the epoch, from 0.
    pub index: usize,
    /// Normalised pixels `[B, 3, H, W]`.
    pub pixels: Vec<f32>,
    /// Class of each image, `[B]`.
    pub classes: Vec<ClassId>,
    /// Index in the data set of each image, `[B]`.
    pub samples: Vec<u32>,
    /// Images of this batch that could not be read; B is smaller by their number and may be 0.
    pub unreadable: Vec<Unreadable>,
}

/// An image that was left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// Index in the data set.
    pub sample: u32,
    /// The file.
    pub path: PathBuf,
    /// Why it was left out.
    pub reason: String,
}

/// What an epoch (or the rest of one) came to.
#[derive(Clone, Debug, Default)]
pub struct EpochReport {
    /// Batches that were handed over.
    pub batches: usize,
    /// Images in them.
    pub images: usize,
    /// Every image that was left out, in order.
    pub unreadable: Vec<Unreadable>,
    /// Time that the consumer waited for images.
    pub waited: Duration,
}

/// Loads the batches of a [`Sampler`]. The same seed gives the same bytes with any number of threads and from any batch on.
pub struct Loader<'a> {
    /// The data set that the sampler was made for.
    pub dataset: &'a Dataset,
    /// Which samples.
    pub sampler: &'a Sampler,
    /// How an image becomes pixels.
    pub transform: TransformKind,
    /// The backbone's record.
    pub record: &'a PreprocessRecord,
    /// Threads and memory.
    pub options: LoaderOptions,
}

impl Loader<'_> {
    /// Hands the batches of an epoch, from `first` on, to `sink` on this thread and in order, until it returns false.
    pub fn run(&self, epoch: u64, first: usize, mut sink: impl FnMut(Batch) -> bool) -> EpochReport {
        let size = self.sampler.options().batch;
        let start = first.saturating_mul(size);
        let order: Vec<u32> = self.sampler.epoch(epoch).into_iter().skip(start).collect();
        let options =
            OrderedOptions { threads: self.options.threads, ahead: (self.options.ahead.max(1)) * size };
        let seed = self.sampler.options().seed;
        let load = |worker: &mut Transformer, i: usize| {
            let sample = order[i];
            let path = self.dataset.root.join(&self.dataset.samples[sample as usize].path);
            let mut pixels = vec![0.0; worker.output_len()];
            let key = SampleKey { seed, epoch, sample: sample.into() };
            match worker.load(&path, key, &mut pixels) {
                Ok(()) => Ok(pixels),
                Err(e) => Err(Unreadable { sample, path, reason: e.to_string() }),
            }
        };
        let mut report = EpochReport::default();
        let mut batch = Batch { index: first, ..Batch::default() };
        let mut item = 0;
        report.waited = ordered_map(
            order.len(),
            options,
            || Transformer::new(self.transform, self.record),
            load,
            |result| {
                let sample = order[item];
                item += 1;
                match result {
                    Ok(pixels) => {
                        batch.pixels.extend_from_slice(&pixels);
                        batch.classes.push(self.dataset.samples[sample as usize].class);
                        batch.samples.push(sample);
                    }
                    Err(unreadable) => batch.unreadable.push(unreadable),
                }
                if item % size != 0 && item != order.len() {
                    return true;
                }
                report.batches += 1;
                report.images += batch.samples.len();
                report.unreadable.extend(batch.unreadable.iter().cloned());
                let next = Batch { index: batch.index + 1, ..Batch::default() };
                sink(std::mem::replace(&mut batch, next))
            },
        );
        report
    }
}
