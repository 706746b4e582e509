//! Loading the batches of an epoch with worker threads.

use crate::{
    ImageReader, Notice, OrderedOptions, PreprocessRecord, SampleKey, TransformKind, Transformer,
    identity::{Fingerprint, read_image},
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

/// The pixels of one training step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// Position in the pass, from 0.
    pub index: usize,
    /// Normalised pixels `[B, 3, H, W]`.
    pub pixels: Vec<f32>,
    /// Which sample each image is, `[B]`.
    pub samples: Vec<u32>,
    /// Images of this batch that could not be read; B is smaller by their number and may be 0.
    pub unreadable: Vec<Unreadable>,
    /// Images of this batch that lost something on the way to pixels.
    pub noticed: Vec<Noticed>,
}

/// An image that is used although it lost something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Noticed {
    /// Which sample.
    pub sample: u32,
    /// The file.
    pub path: PathBuf,
    /// What it lost.
    pub notice: Notice,
}

/// An image that was left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// Which sample.
    pub sample: u32,
    /// The file.
    pub path: PathBuf,
    /// Why it was left out.
    pub reason: String,
}

/// What a pass came to.
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

/// The images that samples are made of.
pub trait Images: Sync {
    /// The file of a sample.
    fn path(&self, sample: u32) -> PathBuf;

    /// The fingerprint that the file must have.
    fn key(&self, sample: u32) -> Fingerprint;
}

/// The batches that are wanted.
#[derive(Clone, Copy, Debug)]
pub struct LoaderPass<'a> {
    /// Seed of the random transforms.
    pub seed: u64,
    /// Epoch of the training, or number of a variant.
    pub round: u64,
    /// The samples, batch after batch.
    pub samples: &'a [u32],
    /// Samples of a batch, B; the last may have fewer.
    pub batch: usize,
}

/// Loads the images of batches. The same seed gives the same bytes with any number of threads and from any batch on.
pub struct Loader<'a> {
    /// The images.
    pub images: &'a dyn Images,
    /// How an image becomes pixels.
    pub transform: TransformKind,
    /// The backbone's record.
    pub record: &'a PreprocessRecord,
    /// Threads and memory.
    pub options: LoaderOptions,
}

impl Loader<'_> {
    /// Hands the batches of a pass to `sink` on this thread and in order, until it returns false.
    pub fn run(&self, pass: LoaderPass<'_>, mut sink: impl FnMut(Batch) -> bool) -> EpochReport {
        let size = pass.batch.max(1);
        let options =
            OrderedOptions { threads: self.options.threads, ahead: (self.options.ahead.max(1)) * size };
        let reader = ImageReader::default();
        let load = |worker: &mut Transformer, i: usize| {
            let sample = pass.samples[i];
            let path = self.images.path(sample);
            let key = SampleKey { seed: pass.seed, round: pass.round, image: self.images.key(sample) };
            let mut pixels = vec![0.0; worker.output_len()];
            let loaded = read_image(&reader, &path, Some(key.image))
                .and_then(|bytes| worker.load_bytes(&path, &bytes, key, &mut pixels));
            match loaded {
                Ok(notice) => Ok((pixels, notice.map(|notice| Noticed { sample, path, notice }))),
                Err(e) => Err(Unreadable { sample, path, reason: e.to_string() }),
            }
        };
        let mut report = EpochReport::default();
        let mut batch = Batch::default();
        let mut item = 0;
        report.waited = ordered_map(
            pass.samples.len(),
            options,
            || Transformer::new(self.transform, self.record),
            load,
            |result| {
                let sample = pass.samples[item];
                item += 1;
                match result {
                    Ok((pixels, noticed)) => {
                        batch.noticed.extend(noticed);
                        batch.pixels.extend_from_slice(&pixels);
                        batch.samples.push(sample);
                    }
                    Err(unreadable) => batch.unreadable.push(unreadable),
                }
                if item % size != 0 && item != pass.samples.len() {
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
    use crate::image::PANICS;
    use std::path::Path;

    struct Files<'a>(&'a Path, [&'a str; 3]);

    impl Images for Files<'_> {
        fn path(&self, sample: u32) -> PathBuf {
            self.0.join(self.1[sample as usize])
        }

        fn key(&self, sample: u32) -> Fingerprint {
            Fingerprint::of_file(&self.path(sample)).unwrap()
        }
    }

    #[test]
    fn panic_of_the_decoder_skips_the_image_and_not_the_run() {
        let dir = tempfile::tempdir().unwrap();
        let files = Files(dir.path(), ["a.png", PANICS, "b.png"]);
        for name in files.1 {
            image::RgbImage::new(3, 3).save(dir.path().join(name)).unwrap();
        }
        let record = PreprocessRecord::plain([2, 2]);
        let pass = LoaderPass { seed: 0, round: 0, samples: &[0, 1, 2], batch: 128 };
        for transform in [TransformKind::Eval, TransformKind::Custom] {
            for threads in [1, 2] {
                let options = LoaderOptions { threads, ahead: 1 };
                let loader = Loader { images: &files, transform, record: &record, options };
                let report = loader.run(pass, |_| true);
                assert_eq!(report.images, 2);
                let [skipped] = &report.unreadable[..] else { panic!("{:?}", report.unreadable) };
                assert_eq!(skipped.sample, 1);
                assert!(skipped.reason.contains("injected panic"), "{}", skipped.reason);
            }
        }
    }
}
