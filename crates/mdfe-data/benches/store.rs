//! Views and fingerprints of the real sizes: `cargo bench -p mdfe-data --bench store`.

use mdfe_data::{
    Dataset, Sample,
    identity::{Fingerprint, KeyCache},
    store::{View, resolve},
};
use std::{fs, path::PathBuf};

fn main() {
    divan::main();
}

fn dataset(root: PathBuf, rows: usize, classes: usize) -> Dataset {
    let sample = |i: usize| Sample {
        path: format!("{:03}/image-{i:08}.jpg", i % 500).into(),
        class: (i % classes) as u32,
        domain: "landmarks".to_owned().into(),
    };
    Dataset {
        name: "bench".to_owned(),
        root,
        samples: (0..rows).map(sample).collect(),
        class_names: (0..classes).map(|class| format!("class {class}")).collect(),
        ..Dataset::default()
    }
}

fn folder() -> tempfile::TempDir {
    match tempfile::tempdir() {
        Ok(folder) => folder,
        Err(error) => unreachable!("no temporary folder: {error}"),
    }
}

/// M4D-35k: 328,400 images whose fingerprints are remembered; one stat call each. The goal is under two seconds.
#[divan::bench(sample_count = 3)]
fn resolve_m4d_35k_warm(bencher: divan::Bencher<'_, '_>) {
    let folder = folder();
    let dataset = dataset(folder.path().to_path_buf(), 328_400, 34_800);
    for i in 0..500 {
        assert!(fs::create_dir_all(folder.path().join(format!("{i:03}"))).is_ok());
    }
    for (i, sample) in dataset.samples.iter().enumerate() {
        assert!(fs::write(folder.path().join(&sample.path), i.to_le_bytes()).is_ok());
    }
    // Files that have just changed are not remembered.
    std::thread::sleep(std::time::Duration::from_secs(3));
    let cache = KeyCache::in_folder(folder.path());
    bencher
        .with_inputs(|| resolve(&dataset, &cache, false, |_| true).is_some())
        .bench_values(|warm| warm && resolve(&dataset, &cache, false, |_| true).is_some());
}

/// GLDv2: opening a view of 1.6 million rows. The goal is under five seconds.
#[divan::bench(sample_count = 5)]
fn open_a_view_of_1600000_rows(bencher: divan::Bencher<'_, '_>) {
    let folder = folder();
    let dataset = dataset(folder.path().to_path_buf(), 1_600_000, 81_313);
    let keys: Vec<_> = (0..1_600_000u64).map(|i| Some(Fingerprint::of(&i.to_le_bytes()))).collect();
    let path = folder.path().join("view.safetensors");
    assert!(View::new(&dataset, &keys).write(&path).is_ok());
    bencher.bench(|| View::open(&path).map(|view| view.len()));
}
