//! Loading the batches of an epoch with worker threads.

use super::Sampler;
use crate::{
    ClassId, Dataset, Notice, OrderedOptions, PreprocessRecord, SampleKey, TransformKind, Transformer,
    ordered_map,
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
    /// Images of this batch that lost something on the way to pixels.
    pub noticed: Vec<Noticed>,
}

/// An image that is used although it lost something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Noticed {
    /// Index in the data set.
    pub sample: u32,
    /// The file.
    pub path: PathBuf,
    /// What it lost.
    pub notice: Notice,
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
    /// Every image that lost something on the way to pixels, in order.
    pub noticed: Vec<Noticed>,
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
                Ok(notice) => Ok((pixels, notice.map(|notice| Noticed { sample, path, notice }))),
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
                    Ok((pixels, noticed)) => {
                        batch.noticed.extend(noticed);
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
                report.noticed.extend(batch.noticed.iter().cloned());
                let next = Batch { index: batch.index + 1, ..Batch::default() };
                sink(std::mem::replace(&mut batch, next))
            },
        );
        report
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CropMode, Domain, Interpolation, Sample, SamplerOptions, image::PANICS};

    #[test]
    fn panic_of_the_decoder_skips_the_image_and_not_the_run() {
        let dir = tempfile::tempdir().unwrap();
        let names = ["a.png", PANICS, "b.png"];
        for name in names {
            image::RgbImage::new(3, 3).save(dir.path().join(name)).unwrap();
        }
        let sample = |name: &str| Sample { path: name.into(), class: 0, domain: Domain::new("toy") };
        let dataset = Dataset {
            name: "toy".into(),
            root: dir.path().to_path_buf(),
            samples: names.map(sample).to_vec(),
            class_names: vec!["0".into()],
        };
        let record = PreprocessRecord {
            size: [2, 2],
            mean: [0.5; 3],
            std: [0.5; 3],
            interpolation: Interpolation::Bicubic,
            crop_mode: CropMode::Center,
            crop_fraction: 1.0,
            fill: 0,
            exif_orientation: false,
        };
        let sampler = Sampler::new(&dataset, SamplerOptions::default()).unwrap();
        for transform in [TransformKind::Eval, TransformKind::Custom] {
            for threads in [1, 2] {
                let options = LoaderOptions { threads, ahead: 1 };
                let loader =
                    Loader { dataset: &dataset, sampler: &sampler, transform, record: &record, options };
                let report = loader.run(0, 0, |_| true);
                assert_eq!(report.images, 2);
                let [skipped] = &report.unreadable[..] else { panic!("{:?}", report.unreadable) };
                assert_eq!(skipped.sample, 1);
                assert!(skipped.reason.contains("injected panic"), "{}", skipped.reason);
            }
        }
    }
}
