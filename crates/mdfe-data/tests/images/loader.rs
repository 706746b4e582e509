//! Batches: the same bytes with any number of workers, from any batch on, and no image lost.

use crate::cases::{file, plain};
use mdfe_data::{
    Batch, EpochReport, Images, Loader, LoaderOptions, LoaderPass, Sampler, SamplerOptions, TransformKind,
    identity::Fingerprint,
};
use std::path::PathBuf;

const GOOD: [&str; 6] = ["420.jpg", "rgb.png", "portrait.png", "lossy.webp", "gray.jpg", "landscape.png"];

/// Twenty images in two classes.
struct Files(Vec<&'static str>);

impl Images for Files {
    fn path(&self, sample: u32) -> PathBuf {
        file(self.0[sample as usize])
    }

    fn key(&self, sample: u32) -> Fingerprint {
        Fingerprint::of_file(&self.path(sample)).unwrap_or(Fingerprint::of(b"a file that is gone"))
    }
}

/// Those at 4 and 11 can't be read.
fn files() -> Files {
    let mut names: Vec<&str> = (0..20).map(|i| GOOD[i % GOOD.len()]).collect();
    (names[4], names[11]) = ("truncated.jpg", "nowhere.jpg");
    Files(names)
}

/// The samples of an epoch in batches of 6.
fn order() -> Vec<u32> {
    let data = super::sampler::dataset(&[12, 8]);
    let options = SamplerOptions { batch: 6, seed: 9, ..Default::default() };
    Sampler::new(data.facts(), options).unwrap().epoch(1)
}

fn pass(samples: &[u32]) -> LoaderPass<'_> {
    LoaderPass { seed: 9, round: 1, samples, batch: 6 }
}

fn load(threads: usize, first: usize, keep: usize) -> (Vec<Batch>, EpochReport) {
    let loader = Loader {
        images: &files(),
        transform: TransformKind::Custom,
        record: &plain([16, 16]),
        options: LoaderOptions { threads, ahead: 1 },
    };
    let mut batches = Vec::new();
    let order = order();
    let rest = order.get(first * 6..).unwrap_or_default();
    let report = loader.run(pass(rest), |batch| {
        batches.push(batch);
        batches.len() < keep
    });
    (batches, report)
}

#[test]
fn one_worker_and_many_give_the_same_bytes() {
    let (alone, _) = load(1, 0, usize::MAX);
    assert_eq!(alone.len(), 4);
    for threads in [2, 5] {
        assert_eq!(load(threads, 0, usize::MAX).0, alone);
    }
}

#[test]
fn epoch_resumed_at_a_batch_goes_on_with_the_same_bytes() {
    let (whole, _) = load(2, 0, usize::MAX);
    for first in 0..=4 {
        let mut rest = load(2, first, usize::MAX).0;
        rest.iter_mut().for_each(|batch| batch.index += first);
        assert_eq!(rest, whole[first..]);
    }
}

#[test]
fn unreadable_images_are_left_out_and_reported() {
    let (batches, report) = load(2, 0, usize::MAX);
    assert_eq!((report.images, report.batches), (18, 4));
    let mut bad: Vec<u32> = report.unreadable.iter().map(|u| u.sample).collect();
    bad.sort_unstable();
    assert_eq!(bad, [4, 11]);
    assert!(report.unreadable.iter().any(|u| u.reason.contains("truncated")));
    assert!(report.unreadable.iter().any(|u| u.reason.contains("nowhere.jpg")));
    for batch in &batches {
        assert_eq!(batch.pixels.len(), batch.samples.len() * 3 * 16 * 16);
    }
    let all: usize = batches.iter().map(|b| b.samples.len() + b.unreadable.len()).sum();
    assert_eq!(all, 20);
}

#[test]
fn image_that_lost_something_is_used_and_told() {
    let mut files = files();
    files.0[7] = "gray16.png";
    for transform in [TransformKind::Eval, TransformKind::Custom] {
        let (record, options) = (plain([16, 16]), LoaderOptions { threads: 2, ahead: 1 });
        let loader = Loader { images: &files, transform, record: &record, options };
        let mut batches = Vec::new();
        let report = loader.run(pass(&order()), |batch| {
            batches.push(batch);
            true
        });
        assert_eq!(report.images, 18);
        let [noticed] = &report.noticed[..] else { panic!("{:?}", report.noticed) };
        assert_eq!((noticed.sample, &noticed.path), (7, &file("gray16.png")));
        let batch = batches.iter().find(|b| !b.noticed.is_empty()).unwrap();
        assert!(batch.samples.contains(&7) && batch.noticed == report.noticed);
    }
}

#[test]
fn consumer_stops_the_epoch() {
    let (batches, report) = load(2, 0, 2);
    assert_eq!((batches.len(), report.batches), (2, 2));
}

#[test]
fn an_image_that_was_replaced_is_not_taken_for_the_one_that_was_fingerprinted() {
    struct Replaced(Files);
    impl Images for Replaced {
        fn path(&self, sample: u32) -> PathBuf {
            self.0.path(sample)
        }
        fn key(&self, sample: u32) -> Fingerprint {
            if sample == 2 { Fingerprint::of(b"what it was") } else { self.0.key(sample) }
        }
    }
    let (record, options) = (plain([16, 16]), LoaderOptions { threads: 2, ahead: 1 });
    let images = Replaced(Files(vec!["rgb.png"; 4]));
    let loader = Loader { images: &images, transform: TransformKind::Eval, record: &record, options };
    let report = loader.run(pass(&[0, 1, 2, 3]), |_| true);
    let [replaced] = &report.unreadable[..] else { panic!("{:?}", report.unreadable) };
    assert!(replaced.sample == 2 && replaced.reason.contains("was changed"), "{}", replaced.reason);
}
