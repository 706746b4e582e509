//! Batches: the same bytes with any number of workers, from any batch on, and no image lost.

use crate::cases::{file, plain};
use mdfe_data::{Batch, Dataset, EpochReport, Loader, LoaderOptions, Sampler, SamplerOptions, TransformKind};

const GOOD: [&str; 6] = ["420.jpg", "rgb.png", "portrait.png", "lossy.webp", "gray.jpg", "landscape.png"];

/// Twenty images in two classes; those at 4 and 11 can't be read.
fn dataset() -> Dataset {
    let mut data = super::sampler::dataset(&[12, 8]);
    data.root = file("");
    for (i, sample) in data.samples.iter_mut().enumerate() {
        sample.path = GOOD[i % GOOD.len()].into();
    }
    data.samples[4].path = "truncated.jpg".into();
    data.samples[11].path = "nowhere.jpg".into();
    data
}

fn load(threads: usize, first: usize, keep: usize) -> (Vec<Batch>, EpochReport) {
    let data = dataset();
    let sampler = Sampler::new(&data, SamplerOptions { batch: 6, seed: 9, ..Default::default() }).unwrap();
    let loader = Loader {
        dataset: &data,
        sampler: &sampler,
        transform: TransformKind::Custom,
        record: &plain([16, 16]),
        options: LoaderOptions { threads, ahead: 1 },
    };
    let mut batches = Vec::new();
    let report = loader.run(1, first, |batch| {
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
        assert_eq!(load(2, first, usize::MAX).0, whole[first..]);
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
        assert_eq!(batch.classes.len(), batch.samples.len());
    }
    let all: usize = batches.iter().map(|b| b.samples.len() + b.unreadable.len()).sum();
    assert_eq!(all, 20);
}

#[test]
fn image_that_lost_something_is_used_and_told() {
    let mut data = dataset();
    data.samples[7].path = "gray16.png".into();
    let sampler = Sampler::new(&data, SamplerOptions { batch: 6, seed: 9, ..Default::default() }).unwrap();
    for transform in [TransformKind::Eval, TransformKind::Custom] {
        let (record, options) = (plain([16, 16]), LoaderOptions { threads: 2, ahead: 1 });
        let loader = Loader { dataset: &data, sampler: &sampler, transform, record: &record, options };
        let mut batches = Vec::new();
        let report = loader.run(1, 0, |batch| {
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
