//! Data sets and embeddings in the formats of other programs. What pyarrow, datasets, webdataset and numpy wrote is under
//! `tests/reference/formats`.
#![allow(clippy::unwrap_used)]

use mdfe_data::{
    EmbedderId, Embeddings, EmbeddingsFile, ImageReader, ReadOptions, identity::Fingerprint, read,
};
use std::path::{Path, PathBuf};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/reference/formats/fixtures").join(name)
}

/// The values of every fixture of embeddings: 4 rows of 3.
fn values() -> Vec<f32> {
    (0..12u8).map(|i| f32::from(i) / 8.0).collect()
}

fn example() -> Embeddings {
    Embeddings {
        values: (0..6000u16).map(f32::from).collect(),
        dim: 2,
        labels: Some((0..3000).map(|i| 2 - i % 3).collect()),
        label_names: ["mug", "jug", "pot, \"large\""].into_iter().collect(),
        domains: Some((0..3000).map(|i| i % 2).collect()),
        domain_names: vec!["cars".into(), "food".into()],
        paths: (0..3000)
            .map(|i| format!("ä/{i}.jpg"))
            .collect::<Vec<_>>()
            .iter()
            .map(String::as_str)
            .collect(),
        embedder: Some(EmbedderId { fingerprint: Fingerprint::of(b"e"), name: "toy".into() }),
    }
}

/// The formats of this build.
fn endings() -> &'static [&'static str] {
    if cfg!(feature = "parquet") { &["safetensors", "npy", "parquet"] } else { &["safetensors", "npy"] }
}

#[test]
fn every_format_holds_all_of_every_other() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    let bare = Embeddings { values: values(), dim: 3, ..Embeddings::default() };
    for (name, embeddings) in [("full", example()), ("bare", bare)] {
        for from in endings() {
            let one = path(&format!("{name}.{from}"));
            embeddings.write(&one).unwrap();
            let first = std::fs::read(&one).unwrap();
            embeddings.write(&one).unwrap();
            assert!(first == std::fs::read(&one).unwrap(), "{from}: two writes differ");
            assert_eq!(Embeddings::read(&one).unwrap(), embeddings, "{name}.{from}");
            for to in endings() {
                let other = path(&format!("{name}-{from}.{to}"));
                EmbeddingsFile::open(&one).unwrap().write(&other).unwrap();
                assert_eq!(Embeddings::read(&other).unwrap(), embeddings, "{name}: {from} to {to}");
            }
        }
    }
}

#[test]
fn numpys_arrays_are_read_and_others_than_n_by_d_floats_refused() {
    for name in ["f2", "f4", "f8"] {
        let read = Embeddings::read(&fixture(&format!("{name}.npy"))).unwrap();
        assert_eq!(read, Embeddings { values: values(), dim: 3, ..Embeddings::default() }, "{name}");
    }
    for (name, reason) in
        [("int", "little-endian floats"), ("fortran", "ascontiguousarray"), ("flat", "(N, D)")]
    {
        let message = Embeddings::read(&fixture(&format!("{name}.npy"))).unwrap_err().to_string();
        assert!(message.contains(&format!("{name}.npy")) && message.contains(reason), "{message}");
    }
    // The bytes that numpy writes, and its own header.
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.npy");
    Embeddings { values: values(), dim: 3, ..Embeddings::default() }.write(&path).unwrap();
    assert!(std::fs::read(&path).unwrap() == std::fs::read(fixture("f4.npy")).unwrap());
    for end in 0..170 {
        std::fs::write(&path, &std::fs::read(fixture("f4.npy")).unwrap()[..end]).unwrap();
        assert!(Embeddings::read(&path).is_err(), "{end}");
    }
}

#[test]
fn an_array_with_the_rows_of_another_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.npy");
    example().write(&path).unwrap();
    let whole = std::fs::read(&path).unwrap();
    let mut other = whole.clone();
    let last = other.len() - 1;
    other[last] ^= 1;
    std::fs::write(&path, other).unwrap();
    let message = Embeddings::read(&path).unwrap_err().to_string();
    assert!(message.contains("x.npy.json") && message.contains("speaks of another"), "{message}");
    std::fs::write(&path, whole).unwrap();
    std::fs::write(dir.path().join("x.npy.jsonl"), "{\"path\":\"a\"}\n").unwrap();
    let message = Embeddings::read(&path).unwrap_err().to_string();
    assert!(message.contains("x.npy.jsonl"), "{message}");
}

#[test]
fn an_ending_of_something_else_is_refused() {
    let message = example().write(Path::new("x.csv")).unwrap_err().to_string();
    assert!(message.contains("x.csv") && message.contains(".npy"), "{message}");
    assert!(!Path::new("x.csv").exists());
}

#[test]
fn a_write_that_fails_leaves_what_was_there() {
    let dir = tempfile::tempdir().unwrap();
    for ending in endings() {
        let input = dir.path().join(format!("in.{ending}"));
        let output = dir.path().join(format!("out.{ending}"));
        example().write(&input).unwrap();
        std::fs::write(&output, b"before").unwrap();
        let file = EmbeddingsFile::open(&input).unwrap();
        if *ending == "safetensors" {
            continue; // It is in a memory map, whose file nobody may cut.
        }
        let whole = std::fs::read(&input).unwrap();
        std::fs::write(&input, &whole[..whole.len() / 2]).unwrap();
        let message = file.write(&output).unwrap_err().to_string();
        assert!(message.contains(&format!("in.{ending}")), "{message}");
        assert_eq!(std::fs::read(&output).unwrap(), b"before");
    }
    let left = std::fs::read_dir(dir.path())
        .unwrap()
        .filter(|e| e.as_ref().is_ok_and(|e| mdfe_data::files::is_temporary(&e.file_name())));
    assert_eq!(left.count(), 0);
}

fn options(file: &str) -> ReadOptions {
    ReadOptions { file: Some(file.into()), ..ReadOptions::at(fixture("")) }
}

#[test]
fn shards_of_a_web_dataset_are_one_data_set_with_images_that_are_read_in_place() {
    let data = read("web_dataset", &options("shards-{000..001}.tar")).unwrap().dataset;
    assert_eq!(data.class_names, ["0", "1", "2", "jug", "mug", "pot"]);
    let facts: Vec<(String, &str, &str)> = data
        .samples
        .iter()
        .map(|s| {
            let path = s.path.to_str().unwrap().replace(&"long/".repeat(30), "LONG/");
            (path, data.class_names[s.class as usize].as_str(), s.domain.as_str())
        })
        .collect();
    let expected = [
        ("shards-000.tar/000000.png", "0", "images"),
        ("shards-000.tar/000001.png", "1", "images"),
        ("shards-000.tar/LONG/000002.png", "2", "images"),
        ("shards-001.tar/000003.png", "jug", "kitchen"),
        ("shards-001.tar/000004.png", "mug", "kitchen"),
        ("shards-001.tar/LONG/000005.png", "pot", "kitchen"),
    ];
    assert_eq!(facts, expected.map(|(path, class, domain)| (path.to_owned(), class, domain)));
    colours(data.samples.iter().map(|s| data.root.join(&s.path)));
}

/// Image i has the colour that the generator gave it.
fn colours(paths: impl Iterator<Item = PathBuf>) {
    let reader = ImageReader::default();
    for (i, path) in (0u32..).zip(paths) {
        let image = mdfe_data::decode_bytes(&path, &reader.read(&path).unwrap()).unwrap();
        let colour = [40, 90, 140].map(|k| (i * k % 256) as u8);
        assert_eq!((image.width(), image.get_pixel(3, 3).0), (8, colour), "{}", path.display());
    }
}

#[test]
fn a_damaged_shard_is_named_and_costs_what_is_behind_the_damage() {
    let dir = tempfile::tempdir().unwrap();
    for shard in ["shards-000.tar", "shards-001.tar"] {
        std::fs::copy(fixture(shard), dir.path().join(shard)).unwrap();
    }
    let bytes = std::fs::read(fixture("shards-001.tar")).unwrap();
    std::fs::write(dir.path().join("shards-001.tar"), &bytes[..1500]).unwrap();
    let options = ReadOptions { file: Some("shards-{000..002}.tar".into()), ..ReadOptions::at(dir.path()) };
    let data = read("web_dataset", &options).unwrap().dataset;
    assert_eq!(data.samples.len(), 3);
    let reading = mdfe_data::Reading { dataset: data.clone(), dropped: Vec::new() };
    let line = mdfe_data::counts_line(&reading);
    assert!(line.contains("unreadable") && line.contains("shards-001.tar"), "{line}");
    let skipped: Vec<(&str, &str)> =
        data.skipped.iter().map(|s| (s.path.as_str(), s.reason.as_str())).collect();
    assert!(
        skipped.iter().any(|(path, why)| *path == "shards-001.tar" && why.contains("cut off")),
        "{skipped:?}"
    );
    assert!(skipped.contains(&("shards-002.tar", "the file is missing")), "{skipped:?}");
    // The skipped reach the view's list, where the limit counts them.
    let resolved =
        mdfe_data::store::resolve(&data, &mdfe_data::identity::KeyCache::disabled(), false, |_| true)
            .unwrap();
    assert_eq!((resolved.view.len(), resolved.skipped), (3, data.skipped));
}

#[test]
fn an_image_folder_with_metadata_has_the_classes_that_it_says() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["a.png", "sub/b.png", "c.png", "unnamed.png"] {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        image::RgbImage::new(2, 2).save(path).unwrap();
    }
    let lines = "{\"file_name\": \"a.png\", \"label\": \"mug\", \"domain\": \"kitchen\"}\n\n\
        {\"file_name\": \"sub/b.png\", \"text\": \"no class: that of its folder\"}\n\
        {\"file_name\": \"c.png\", \"labels\": [3, \"mug\"]}\n{\"file_name\": \"d.png\"}\n";
    std::fs::write(dir.path().join("metadata.jsonl"), lines).unwrap();
    let reading = read("image_folder", &ReadOptions::at(dir.path())).unwrap();
    let data = &reading.dataset;
    let facts: Vec<(&str, &str)> = data
        .samples
        .iter()
        .map(|s| (s.path.to_str().unwrap(), data.class_names[s.class as usize].as_str()))
        .collect();
    assert_eq!(facts, [("a.png", "mug"), ("sub/b.png", "sub"), ("c.png", "3"), ("c.png", "mug")]);
    assert_eq!(data.samples[0].domain.as_str(), "kitchen");
    assert_eq!(data.skipped[0].to_string(), "d.png: it has no class");
    assert_eq!(reading.dropped[0].to_string(), "1 samples: not named in metadata.jsonl");
    for (line, reason) in [("{\"file_name\": \"../a.png\"}", "no file below"), ("{\"file\": 1}", "file_name")]
    {
        std::fs::write(dir.path().join("metadata.jsonl"), format!("{{\"file_name\":\"a.png\"}}\n{line}\n"))
            .unwrap();
        let message = read("image_folder", &ReadOptions::at(dir.path())).unwrap_err().to_string();
        assert!(message.contains("metadata.jsonl, line 2") && message.contains(reason), "{message}");
    }
}

#[test]
fn a_table_has_several_classes_and_boxes() {
    let dir = tempfile::tempdir().unwrap();
    let table = |text: &str| {
        std::fs::write(dir.path().join("t.csv"), text).unwrap();
        let options = ReadOptions { file: Some("t.csv".into()), ..ReadOptions::at(dir.path()) };
        read("csv", &options).map_err(|e| e.to_string())
    };
    let data = table("path,labels,x1,y1,x2,y2\na.jpg,mug|jug,1,2,30.5,40\nb.jpg,mug,,,,\n").unwrap().dataset;
    let facts: Vec<(&str, &str)> = data
        .samples
        .iter()
        .map(|s| (s.path.to_str().unwrap(), data.class_names[s.class as usize].as_str()))
        .collect();
    assert_eq!(facts, [("a.jpg/box=1,2,30.5,40", "mug"), ("a.jpg/box=1,2,30.5,40", "jug"), ("b.jpg", "mug")]);
    assert!(data.multi_label, "an image of two classes is no fault of the labels");
    assert!(!table("path,label\na.jpg,m\n").unwrap().dataset.multi_label);
    for (text, reasons) in [
        ("path,label,x1,y1,x2,y2\na,m,1,2,3,\n", ["line 2", "four numbers"]),
        ("path,label,x1,y1,x2,y2\na,m,5,2,3,4\n", ["line 2", "is empty"]),
        ("path,label,labels\na,m,m\n", ["line 2", "both columns"]),
        ("path,class\na,m\n", ["label", "labels"]),
        ("path,labels\na,m||n\n", ["line 2", "must not be empty"]),
    ] {
        let message = table(text).unwrap_err();
        assert!(reasons.iter().all(|reason| message.contains(reason)), "{text}: {message}");
    }
}

#[cfg(not(feature = "parquet"))]
#[test]
fn a_build_without_parquet_says_how_to_get_one_with_it() {
    let message = Embeddings::read(&fixture("embeddings.parquet")).unwrap_err().to_string();
    assert!(message.contains("embeddings.parquet") && message.contains("--features full"), "{message}");
    let message = read("parquet", &options("bytes.parquet")).unwrap_err().to_string();
    assert!(message.contains("bytes.parquet") && message.contains("--features full"), "{message}");
}

#[cfg(feature = "parquet")]
mod parquet {
    use super::*;
    use mdfe_data::Listing;

    #[test]
    fn embeddings_of_somebody_else_need_one_column() {
        let read = Embeddings::read(&fixture("embeddings.parquet")).unwrap();
        assert_eq!((read.values.clone(), read.dim, read.len()), (values(), 3, 4));
        let labels: Vec<_> = (0..4).map(|row| read.label_name(row).unwrap()).collect();
        assert_eq!(
            (labels, read.paths.get(3)),
            (["b", "a", "b", "c"].map(str::to_owned).to_vec(), Some("3.jpg"))
        );
        let message = Embeddings::read(&fixture("bytes.parquet")).unwrap_err().to_string();
        assert!(message.contains("no column `embedding`") && message.contains("`labels`"), "{message}");
    }

    #[test]
    fn the_layout_of_hugging_face_is_read_with_the_names_of_its_classes() {
        let data = read("parquet", &options("hugging_face.parquet")).unwrap().dataset;
        let facts: Vec<(&str, &str)> = data
            .samples
            .iter()
            .map(|s| (s.path.to_str().unwrap(), data.class_names[s.class as usize].as_str()))
            .collect();
        let expected = ["jug", "mug", "pot", "mug", "jug"];
        let paths: Vec<String> = (0..5).map(|i| format!("hugging_face.parquet/{i}/{i}.png")).collect();
        let expected: Vec<(&str, &str)> = paths.iter().map(String::as_str).zip(expected).collect();
        assert_eq!(facts, expected);
        colours(data.samples.iter().map(|s| data.root.join(&s.path)));
        // In any order.
        let reader = ImageReader::default();
        for row in [4, 0, 3, 1, 2, 4] {
            let path = fixture("hugging_face.parquet").join(row.to_string());
            let image = mdfe_data::decode_bytes(&path, &reader.read(&path).unwrap()).unwrap();
            assert_eq!(image.get_pixel(0, 0).0[0], (row * 40 % 256) as u8);
        }
        let message = reader.read(&fixture("hugging_face.parquet/5")).unwrap_err().to_string();
        assert!(message.contains("has 5 rows"), "{message}");
    }

    #[test]
    fn a_row_without_an_image_or_a_class_is_named() {
        let listing = Listing::read(&fixture(""), Path::new("bytes.parquet")).unwrap();
        let labels: Vec<Vec<String>> = listing.images.iter().map(|image| image.labels.clone()).collect();
        assert_eq!(labels, [vec!["a".to_owned(), "b".into()], vec!["a".into()], vec![]]);
        assert_eq!(listing.images[1].domain.as_deref(), Some("y"));
        let message = ImageReader::default().read(&fixture("bytes.parquet/1")).unwrap_err().to_string();
        assert!(message.contains("bytes.parquet/1") && message.contains("no image"), "{message}");
        let data = read("parquet", &options("bytes.parquet")).unwrap().dataset;
        assert_eq!(
            (data.samples.len(), data.skipped[0].to_string()),
            (3, "bytes.parquet/2: it has no class".into())
        );
    }

    #[test]
    fn names_of_files_are_relative_to_the_parquet_file() {
        let listing = Listing::read(&fixture("").join(".."), Path::new("fixtures/paths.parquet")).unwrap();
        let found: Vec<_> =
            listing.images.iter().map(|i| (i.path.to_str().unwrap(), i.labels.as_slice())).collect();
        assert_eq!(found, [("fixtures/a.png", &["7".to_owned()][..]), ("fixtures/sub/b.png", &[])]);
        // A name beside an empty `bytes` is no image.
        let listing = Listing::read(&fixture(""), Path::new("names.parquet")).unwrap();
        assert_eq!(listing.images[0].path, Path::new("names.parquet/0/a.png"));
        let message = ImageReader::default().read(&fixture("names.parquet/0/a.png")).unwrap_err().to_string();
        assert!(message.contains("only the name a.png"), "{message}");
    }

    #[test]
    fn a_damaged_file_is_an_error_that_names_it_and_never_a_panic() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.parquet");
        let whole = std::fs::read(fixture("hugging_face.parquet")).unwrap();
        let mut errors = 0;
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x5a;
            std::fs::write(&path, &bytes).unwrap();
            let reader = ImageReader::default();
            match Listing::read(dir.path(), Path::new("x.parquet")) {
                Ok(listing) => {
                    for image in &listing.images {
                        let read = reader.read(&dir.path().join(&image.path));
                        errors += usize::from(read.is_err_and(|e| e.to_string().contains("x.parquet")));
                    }
                }
                Err(error) => errors += usize::from(error.to_string().contains("x.parquet")),
            }
        }
        assert!(errors > 100, "damage is noticed: {errors}");
        std::fs::write(&path, &whole[..whole.len() - 9]).unwrap();
        let message =
            read("parquet", &ReadOptions { file: Some("x.parquet".into()), ..ReadOptions::at(dir.path()) })
                .unwrap_err()
                .to_string();
        assert!(message.contains("x.parquet") && message.contains("not a whole Parquet file"), "{message}");
        // One of several is named and skipped.
        std::fs::copy(fixture("hugging_face.parquet"), dir.path().join("y.parquet")).unwrap();
        let listing = Listing::read(dir.path(), Path::new("{x,y}.parquet")).unwrap();
        assert_eq!((listing.images.len(), listing.skipped.len()), (5, 1));
        assert!(listing.skipped[0].to_string().contains("x.parquet"), "{}", listing.skipped[0]);
    }
}
