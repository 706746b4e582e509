//! The feature store from outside: written in any order, killed, resumed, read back, attacked.
#![allow(clippy::unwrap_used)]

use mdfe_data::store::{
    BackboneId, FeatureStore, Manifest, ShardRows, Skipped, StoreDtype, StoreSpec, StoreWriter, merge,
};
use mdfe_data::{CropMode, Dataset, Domain, Interpolation, PreprocessRecord, Sample};
use proptest::prelude::*;
use std::path::{Path, PathBuf};

fn spec(dtype: StoreDtype) -> StoreSpec {
    StoreSpec {
        backbone: BackboneId {
            name: "toy".into(),
            weights_hash: "ab".into(),
            commit: None,
            proj_layer: false,
        },
        preprocess: PreprocessRecord {
            size: [8, 8],
            mean: [0.5; 3],
            std: [0.5; 3],
            interpolation: Interpolation::Bicubic,
            crop_mode: CropMode::Center,
            crop_fraction: 1.0,
            fill: 0,
            exif_orientation: false,
        },
        dtype,
        compute: "f32".into(),
        dim: 3,
        shard_rows: 4,
    }
}

fn dataset(root: &Path) -> Dataset {
    let sample = |i: u32| Sample {
        path: PathBuf::from(format!("{i}.png")),
        class: i % 3,
        domain: Domain::new(if i.is_multiple_of(2) { "food" } else { "cars" }),
    };
    Dataset {
        name: "toy".into(),
        root: root.to_path_buf(),
        samples: (0..10).map(sample).collect(),
        class_names: vec!["a".into(), "b".into(), "c".into()],
    }
}

/// Feature j of row i is `i + j / 4`, exact in every dtype; row 5 is unreadable.
fn rows(writer: &StoreWriter, shard: usize) -> ShardRows {
    let mut out = ShardRows::default();
    for row in writer.range(shard) {
        if row == 5 {
            out.skipped.push(Skipped { path: "5.png".into(), reason: "truncated".into() });
            continue;
        }
        out.rows.push(row as u32);
        out.features.extend((0..3).map(|j| row as f32 + j as f32 / 4.0));
    }
    out
}

fn fill(parent: &Path, dataset: &Dataset, dtype: StoreDtype) -> FeatureStore {
    let writer = StoreWriter::open(parent, spec(dtype), dataset).unwrap();
    for i in writer.missing() {
        writer.write(i, &rows(&writer, i)).unwrap();
    }
    writer.finish().unwrap()
}

fn bytes_of(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = std::fs::read_dir(dir)
        .unwrap()
        .map(|e| e.unwrap().path())
        .map(|p| (p.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(p).unwrap()))
        .collect();
    files.sort();
    files
}

#[test]
fn store_reads_back_every_row_in_every_dtype() {
    let dir = tempfile::tempdir().unwrap();
    for dtype in [StoreDtype::F32, StoreDtype::F16, StoreDtype::Bf16] {
        let store = fill(dir.path(), &dataset(dir.path()), dtype);
        assert_eq!((store.len(), store.dim(), store.num_classes()), (9, 3, 3));
        assert_eq!(store.path(4), Some("4.png"));
        assert_eq!(store.path(5), Some("6.png"), "row 5 of the listing was skipped");
        assert_eq!(store.path(9), None);
        assert_eq!(store.labels(), [0, 1, 2, 0, 1, 0, 1, 2, 0]);
        assert_eq!(store.domains()[store.domain_ids()[0] as usize].as_str(), "food");
        let mut out = [0.0; 6];
        store.gather(&[8, 1], &mut out).unwrap();
        assert_eq!(out, [9.0, 9.25, 9.5, 1.0, 1.25, 1.5]);
        assert_eq!(store.manifest().skipped, [Skipped { path: "5.png".into(), reason: "truncated".into() }]);
    }
}

#[test]
fn interrupted_store_resumes_to_the_same_bytes_and_says_what_is_missing() {
    let dir = tempfile::tempdir().unwrap();
    let (whole, broken) = (dir.path().join("whole"), dir.path().join("broken"));
    let data = dataset(dir.path());
    let expected = bytes_of(fill(&whole, &data, StoreDtype::F32).dir());
    let writer = StoreWriter::open(&broken, spec(StoreDtype::F32), &data).unwrap();
    assert_eq!(writer.missing(), [0, 1, 2]);
    writer.write(2, &rows(&writer, 2)).unwrap();
    // A file cut off by a full disk counts as missing.
    std::fs::write(writer.dir().join(Manifest::shard_file(0)), &expected[1].1[..40]).unwrap();
    let folder = writer.dir().to_path_buf();
    assert!(writer.finish().is_err(), "a store with holes must not be complete");
    let message = FeatureStore::open(&folder).err().unwrap().to_string();
    assert!(message.contains("did not finish") && message.contains("run it again"), "{message}");
    let writer = StoreWriter::open(&broken, spec(StoreDtype::F32), &data).unwrap();
    assert_eq!(writer.missing(), [0, 1]);
    drop(writer);
    assert_eq!(bytes_of(fill(&broken, &data, StoreDtype::F32).dir()), expected);
}

#[test]
fn parts_of_several_machines_merge_into_the_bytes_of_one() {
    let (one, a, b, to) = (
        tempfile::tempdir().unwrap(),
        tempfile::tempdir().unwrap(),
        tempfile::tempdir().unwrap(),
        tempfile::tempdir().unwrap(),
    );
    let data = dataset(one.path());
    let whole = fill(one.path(), &data, StoreDtype::F32);
    let part = |parent: &Path, shards: &[usize]| {
        let writer = StoreWriter::open(parent, spec(StoreDtype::F32), &data).unwrap();
        shards.iter().for_each(|&i| writer.write(i, &rows(&writer, i)).unwrap());
        writer.dir().to_path_buf()
    };
    let (a, b) = (part(a.path(), &[0, 2]), part(b.path(), &[1]));
    let target = to.path().join("merged");
    let first = merge(&target, std::slice::from_ref(&a)).unwrap();
    assert!(first.store.is_none());
    assert_eq!((first.copied, first.missing), (2, vec![1]));
    let second = merge(&target, &[a, b]).unwrap();
    assert_eq!((second.copied, second.store.unwrap().len()), (1, 9));
    assert_eq!(bytes_of(&target), bytes_of(whole.dir()));
    let foreign = fill(to.path(), &data, StoreDtype::F16);
    let message = merge(&target, &[foreign.dir().to_path_buf()]).err().unwrap().to_string();
    assert!(message.contains("are different stores"), "{message}");
    let message = merge(&target, &[to.path().to_path_buf()]).err().unwrap().to_string();
    assert!(message.contains("manifest.json"), "{message}");
}

#[test]
fn address_follows_weights_preprocess_dtype_and_listing() {
    let dir = tempfile::tempdir().unwrap();
    let data = dataset(dir.path());
    let address = |spec: StoreSpec, data: &Dataset| Manifest::new(spec, data).address;
    let first = address(spec(StoreDtype::F32), &data);
    assert_eq!(first, address(spec(StoreDtype::F32), &data));
    assert_ne!(first, address(spec(StoreDtype::F16), &data));
    let mut other = spec(StoreDtype::F32);
    other.backbone.weights_hash = "cd".into();
    assert_ne!(first, address(other, &data));
    let mut other = spec(StoreDtype::F32);
    other.preprocess.crop_fraction = 0.9;
    assert_ne!(first, address(other, &data));
    let mut renamed = data.clone();
    renamed.samples[0].class = 1;
    assert_ne!(first, address(spec(StoreDtype::F32), &renamed));
    std::fs::write(dir.path().join("0.png"), b"now it has a size").unwrap();
    assert_ne!(first, address(spec(StoreDtype::F32), &data), "a replaced image is another store");
}

#[test]
fn hostile_stores_are_errors_that_name_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let folder = fill(dir.path(), &dataset(dir.path()), StoreDtype::F32).dir().to_path_buf();
    let files = bytes_of(&folder);
    let shard = folder.join(Manifest::shard_file(1));
    let reset = || files.iter().for_each(|(name, bytes)| std::fs::write(folder.join(name), bytes).unwrap());
    let message = || FeatureStore::open(&folder).err().unwrap().to_string();
    let header_len = |n: u64| [&n.to_le_bytes()[..], b"{}"].concat();
    for bytes in
        [vec![], vec![0; 8], header_len(u64::MAX), header_len(2), header_len(1 << 40), vec![0xff; 4096]]
    {
        std::fs::write(&shard, bytes).unwrap();
        assert!(message().contains("shard-00001"), "{}", message());
    }
    // A shard of another store, renamed into this one.
    let other = tempfile::tempdir().unwrap();
    let foreign =
        fill(other.path(), &dataset(dir.path()), StoreDtype::F16).dir().join(Manifest::shard_file(1));
    std::fs::copy(foreign, &shard).unwrap();
    assert!(message().contains("belongs to the store"), "{}", message());
    reset();
    let manifest = folder.join(Manifest::FILE);
    let text = std::fs::read_to_string(&manifest).unwrap();
    std::fs::write(&manifest, text.replace("mdfe-features-1", "mdfe-features-9")).unwrap();
    assert!(message().contains("mdfe-features-9"), "{}", message());
    std::fs::write(&manifest, text.replace("\"b\",\n    \"c\"", "\"b\"")).unwrap();
    assert!(message().contains("outside 0..2"), "{}", message());
    std::fs::write(&manifest, "{").unwrap();
    assert!(message().contains("manifest.json"), "{}", message());
    std::fs::remove_file(&manifest).unwrap();
    assert!(message().contains("mdfe extract"), "{}", message());
}

#[test]
fn rows_outside_a_shards_range_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let data = dataset(dir.path());
    let writer = StoreWriter::open(dir.path(), spec(StoreDtype::F32), &data).unwrap();
    let wrong = ShardRows { features: vec![0.0; 3], rows: vec![9], skipped: vec![] };
    assert!(writer.write(0, &wrong).unwrap_err().to_string().contains("shard 0 takes rows 0..4"));
    let narrow = ShardRows { features: vec![0.0; 2], rows: vec![0], skipped: vec![] };
    assert!(writer.write(0, &narrow).is_err());
}

#[test]
fn unwritable_folder_is_one_sentence() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, b"").unwrap();
    let data = dataset(dir.path());
    let message = StoreWriter::open(&file, spec(StoreDtype::F32), &data).err().unwrap().to_string();
    assert!(message.contains("cannot create the folder") && message.contains("file/toy-"), "{message}");
}

/// What is done to a file of a store: bytes overwritten, cut off, put in, and a number of its text made another one.
#[derive(Clone, Debug)]
enum Damage {
    Overwrite(prop::sample::Index, Vec<u8>),
    CutAt(prop::sample::Index),
    Insert(prop::sample::Index, Vec<u8>),
    Number(prop::sample::Index, u64),
}

fn damage() -> impl Strategy<Value = Damage> {
    let (at, bytes) = (any::<prop::sample::Index>, || prop::collection::vec(any::<u8>(), 1..9));
    let number = prop_oneof![Just(0), Just(1), Just(1 << 40), Just(u64::MAX), any::<u64>()];
    prop_oneof![
        (at(), bytes()).prop_map(|(i, b)| Damage::Overwrite(i, b)),
        at().prop_map(Damage::CutAt),
        (at(), bytes()).prop_map(|(i, b)| Damage::Insert(i, b)),
        (at(), number).prop_map(|(i, n)| Damage::Number(i, n)),
    ]
}

impl Damage {
    fn apply(&self, file: &mut Vec<u8>) {
        match self {
            Self::Overwrite(at, bytes) => {
                let at = at.index(file.len());
                file[at..].iter_mut().zip(bytes).for_each(|(old, new)| *old = *new);
            }
            Self::CutAt(at) => file.truncate(at.index(file.len())),
            Self::Insert(at, bytes) => {
                let at = at.index(file.len());
                file.splice(at..at, bytes.iter().copied());
            }
            Self::Number(which, number) => {
                let starts: Vec<usize> = (1..file.len())
                    .filter(|&i| file[i].is_ascii_digit() && !file[i - 1].is_ascii_digit())
                    .collect();
                let Some(&start) = starts.get(which.index(starts.len().max(1))) else { return };
                let end = (start..file.len()).find(|&i| !file[i].is_ascii_digit()).unwrap_or(file.len());
                file.splice(start..end, number.to_string().into_bytes());
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    /// No panic and no allocation by a number that a file merely claims: what opens reads back whole, the rest is an
    /// error that names a file of the store.
    #[test]
    fn damaged_stores_are_read_or_refused(in_manifest in any::<bool>(), damages in prop::collection::vec(damage(), 1..4)) {
        let dir = tempfile::tempdir().unwrap();
        let folder = fill(dir.path(), &dataset(dir.path()), StoreDtype::F16).dir().to_path_buf();
        let name = if in_manifest { Manifest::FILE.to_owned() } else { Manifest::shard_file(1) };
        let mut bytes = std::fs::read(folder.join(&name)).unwrap();
        for damage in &damages {
            if !bytes.is_empty() {
                damage.apply(&mut bytes);
            }
        }
        std::fs::write(folder.join(&name), &bytes).unwrap();
        match FeatureStore::open(&folder) {
            Ok(store) => {
                prop_assert_eq!(store.matrix().unwrap().len(), store.len() * store.dim());
                prop_assert!((0..store.len()).all(|row| store.path(row).is_some()));
            }
            Err(error) => prop_assert!(error.to_string().contains(&*folder.to_string_lossy()), "{}", error),
        }
    }
}
