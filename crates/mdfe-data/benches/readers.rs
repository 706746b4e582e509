//! Reading lists of the real sizes: `cargo bench -p mdfe-data --bench readers`.

use mdfe_data::{PrepareOptions, ReadOptions, prepare, read};
use std::{fmt::Write, fs, path::Path};

fn main() {
    divan::main();
}

fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    let written = path.parent().map(fs::create_dir_all).transpose().and_then(|_| fs::write(&path, text));
    assert!(written.is_ok(), "cannot write {}", path.display());
}

fn folder() -> tempfile::TempDir {
    match tempfile::tempdir() {
        Ok(folder) => folder,
        Err(error) => unreachable!("no temporary folder: {error}"),
    }
}

/// M4D-35k: 328,400 rows, 34,800 classes. The goal is under one second.
#[divan::bench(sample_count = 10)]
fn list_m4d_35k(bencher: divan::Bencher<'_, '_>) {
    let folder = folder();
    let mut csv = "img_path,label\n".to_owned();
    for i in 0..328_400 {
        let _ = writeln!(csv, "google_landmark_recognition_2021/train/0/a/b/0ab{i:013x}.jpg,{}", i % 34_800);
    }
    write(folder.path(), "m4d-35k_train.csv", &csv);
    bencher.bench(|| read("m4d_35k", &ReadOptions::at(folder.path())));
}

/// GLDv2: 1,580,470 rows, 81,313 classes.
#[divan::bench(sample_count = 3)]
fn list_gldv2(bencher: divan::Bencher<'_, '_>) {
    let folder = folder();
    let mut csv = "id,landmark_id\n".to_owned();
    for i in 0..1_580_470u64 {
        let _ = writeln!(csv, "{:016x},{}", i * 40_503, i % 81_313);
    }
    write(folder.path(), "google_landmark_recognition_2021/train.csv", &csv);
    bencher.bench(|| read("gldv2", &ReadOptions::at(folder.path())));
}

/// COCO annotations with as many boxes as GLDv2 has rows; no image is there, so this is all but the cropping.
#[divan::bench(sample_count = 1, sample_size = 1)]
fn annotations_of_1600000_boxes(bencher: divan::Bencher<'_, '_>) {
    let folder = folder();
    let mut json = "{\"images\": [".to_owned();
    for i in 0..800_000 {
        let comma = if i > 0 { "," } else { "" };
        let _ = write!(json, "{comma}{{\"id\": {i}, \"file_name\": \"{i:06}.jpg\"}}");
    }
    json += "], \"annotations\": [";
    for i in 0..1_600_000 {
        let comma = if i > 0 { "," } else { "" };
        let image = i % 800_000;
        let outline = "\"segmentation\": [[10.5, 20.5, 30.5, 40.5, 50.5, 60.5]]";
        let _ = write!(
            json,
            "{comma}{{\"image_id\": {image}, \"category_id\": 7, \"bbox\": [1, 2, 30, 40], {outline}}}"
        );
    }
    json += "]}";
    write(folder.path(), "fr22_train_v2/annotations.json", &json);
    drop(json);
    let options = PrepareOptions { root: folder.path().to_path_buf(), ..PrepareOptions::default() };
    bencher.bench(|| prepare("food_rec22", &options, &()));
}
