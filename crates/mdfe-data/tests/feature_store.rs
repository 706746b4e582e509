//! The feature store from outside: filled by several, killed, merged, read back, attacked.
#![allow(clippy::unwrap_used)]

use mdfe_data::identity::{Fingerprint, KeyCache};
use mdfe_data::store::{
    BackboneId, FeatureStore, FeatureView, Resolved, SpaceSpec, SpaceWriter, StoreDtype, Use, View, merge,
    remove_space, resolve, spaces, verify,
};
use mdfe_data::{Dataset, Domain, PreprocessRecord, Sample};
use proptest::prelude::*;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

fn spec(dtype: StoreDtype) -> SpaceSpec {
    SpaceSpec {
        backbone: BackboneId {
            name: "toy/model".into(),
            architecture: Fingerprint::of(b"architecture"),
            weights: Fingerprint::of(b"weights"),
            commit: None,
            proj_layer: false,
        },
        preprocess: PreprocessRecord::plain([8, 8]),
        dtype,
        compute: "f32".into(),
        dim: 3,
        numerics: 1,
        variant: None,
    }
}

/// Ten files, the last of which is gone; file i holds the one byte i.
fn dataset(root: &Path) -> Dataset {
    (0..9u8).for_each(|i| std::fs::write(root.join(format!("{i}.png")), [i]).unwrap());
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
        ..Dataset::default()
    }
}

fn view_of(dataset: &Dataset) -> Resolved {
    resolve(dataset, &KeyCache::disabled(), false, |_| true).unwrap()
}

/// Computes what is missing: feature j of the image of the one byte b is `b + j / 4`, exact in every dtype. Returns how many rows.
fn extract(parent: &Path, view: &View, root: &Path, dtype: StoreDtype) -> usize {
    let mut writer = SpaceWriter::open(parent, &spec(dtype), 4).unwrap();
    let missing = FeatureStore::open(writer.dir()).unwrap().missing(view);
    for &row in &missing {
        let byte = f32::from(std::fs::read(root.join(view.path(row).unwrap())).unwrap()[0]);
        writer.push(view.key(row), &[byte, byte + 0.25, byte + 0.5]).unwrap();
    }
    writer.flush().unwrap();
    missing.len()
}

fn open(parent: &Path, view: View, dtype: StoreDtype) -> FeatureView {
    let store = FeatureStore::open(&parent.join(spec(dtype).folder())).unwrap();
    FeatureView::new(Arc::new(store), Arc::new(view)).unwrap()
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|e| e == "safetensors"));
    files.sort();
    files
}

#[test]
fn store_reads_back_every_row_in_every_dtype() {
    let (dir, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let Resolved { view, skipped } = view_of(&dataset(dir.path()));
    assert_eq!((skipped.len(), skipped[0].path.as_str()), (1, "9.png"));
    for dtype in [StoreDtype::F32, StoreDtype::F16, StoreDtype::Bf16] {
        assert_eq!(extract(out.path(), &view, dir.path(), dtype), 9);
        assert_eq!(extract(out.path(), &view, dir.path(), dtype), 0, "everything is there");
        let rows = open(out.path(), view.clone(), dtype);
        assert_eq!((rows.len(), rows.dim(), rows.store().shard_count()), (9, 3, 3));
        let mut found = [0.0; 6];
        rows.gather(&[8, 1], &mut found).unwrap();
        assert_eq!(found, [8.0, 8.25, 8.5, 1.0, 1.25, 1.5]);
        assert_eq!(rows.store().features(view.key(2)).unwrap(), [2.0, 2.25, 2.5]);
        assert!(rows.gather(&[9], &mut [0.0; 3]).is_err());
        assert!(rows.gather(&[0], &mut [0.0; 4]).is_err());
    }
    assert_eq!(view.labels(), [0, 1, 2, 0, 1, 2, 0, 1, 2]);
    assert_eq!(view.domains()[view.domain_ids()[0] as usize].as_str(), "food");
    assert_eq!((view.path(8), view.path(9)), (Some("8.png"), None));
}

#[test]
fn what_an_image_is_is_its_bytes() {
    let (dir, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut data = dataset(dir.path());
    let first = view_of(&data).view;
    extract(out.path(), &first, dir.path(), StoreDtype::F32);

    // Two files of one size swap places: each still gets the features of its own bytes.
    let [a, b, c] = ["0.png", "1.png", "swap"].map(|name| dir.path().join(name));
    for (from, to) in [(&a, &c), (&b, &a), (&c, &b)] {
        std::fs::rename(from, to).unwrap();
    }
    let swapped = view_of(&data).view;
    assert_eq!(extract(out.path(), &swapped, dir.path(), StoreDtype::F32), 0);
    let mut found = [0.0; 6];
    open(out.path(), swapped.clone(), StoreDtype::F32).gather(&[0, 1], &mut found).unwrap();
    assert_eq!((found[0], found[3]), (1.0, 0.0));
    assert_ne!(swapped.fingerprint(), first.fingerprint());

    // A corrected label computes nothing, an added image one, and a second data set with the same images none.
    data.samples[4].class = 2;
    let relabelled = view_of(&data).view;
    assert_ne!(relabelled.fingerprint(), swapped.fingerprint());
    assert_eq!(extract(out.path(), &relabelled, dir.path(), StoreDtype::F32), 0);
    std::fs::write(dir.path().join("9.png"), [9]).unwrap();
    assert_eq!(extract(out.path(), &view_of(&data).view, dir.path(), StoreDtype::F32), 1);
    let other = Dataset { name: "other".into(), samples: data.samples[2..7].to_vec(), ..data.clone() };
    assert_eq!(extract(out.path(), &view_of(&other).view, dir.path(), StoreDtype::F32), 0);

    // An image that is there twice is computed once.
    let twice = Dataset { samples: [&data.samples[..1], &data.samples[..1]].concat(), ..data };
    let empty = tempfile::tempdir().unwrap();
    assert_eq!(extract(empty.path(), &view_of(&twice).view, dir.path(), StoreDtype::F32), 1);
    assert_eq!(open(empty.path(), view_of(&twice).view, StoreDtype::F32).len(), 2);
}

#[test]
fn torn_short_and_foreign_shards_are_named_and_never_trusted() {
    let (dir, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let view = view_of(&dataset(dir.path())).view;
    extract(out.path(), &view, dir.path(), StoreDtype::F32);
    let space = out.path().join(spec(StoreDtype::F32).folder());
    let shards = files(&space);
    let whole = std::fs::read(&shards[0]).unwrap();
    let ignored = || {
        let store = FeatureStore::open(&space).unwrap();
        let reasons: Vec<_> = store.ignored().iter().map(|bad| bad.reason.clone()).collect();
        (store.missing(&view).len(), reasons.join("\n"))
    };
    assert_eq!(ignored(), (0, String::new()));

    std::fs::write(&shards[0], &whole[..whole.len() - 1]).unwrap();
    let (missing, reason) = ignored();
    assert!(missing > 0 && reason.contains(shards[0].to_str().unwrap()), "{missing} {reason}");

    // A flipped bit keeps the length: only the hash tells, and every copy asks for it.
    let mut flipped = whole.clone();
    *flipped.last_mut().unwrap() ^= 1;
    std::fs::write(&shards[0], &flipped).unwrap();
    let bad = verify(&space).unwrap();
    assert_eq!((bad.len(), &bad[0].path), (1, &shards[0]));
    let target = tempfile::tempdir().unwrap();
    let merged = merge(&target.path().join("merged"), std::slice::from_ref(&space)).unwrap();
    assert_eq!((merged.copied, merged.refused.len()), (shards.len() - 1, 1));
    std::fs::write(&shards[0], &whole).unwrap();
    assert!(verify(&space).unwrap().is_empty());

    extract(out.path(), &view, dir.path(), StoreDtype::F16);
    let foreign = files(&out.path().join(spec(StoreDtype::F16).folder())).remove(0);
    std::fs::copy(&foreign, space.join(foreign.file_name().unwrap())).unwrap();
    let (missing, reason) = ignored();
    assert!(missing == 0 && reason.contains("belongs to the space"), "{missing} {reason}");
    std::fs::rename(space.join(foreign.file_name().unwrap()), space.join("new.safetensors")).unwrap();
    assert!(ignored().1.contains("not named after its content"));
}

#[test]
fn a_view_without_features_names_the_image() {
    let (dir, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let view = view_of(&dataset(dir.path())).view;
    extract(out.path(), &view.filter(|row| row != 5), dir.path(), StoreDtype::F32);
    let store = FeatureStore::open(&out.path().join(spec(StoreDtype::F32).folder())).unwrap();
    assert_eq!(store.missing(&view), [5]);
    let message = FeatureView::new(Arc::new(store), Arc::new(view)).unwrap_err().to_string();
    assert!(message.contains("5.png") && message.contains("mdfe extract"), "{message}");
}

#[test]
fn of_equal_keys_the_first_by_shard_name_counts() {
    let out = tempfile::tempdir().unwrap();
    let key = Fingerprint::of(b"x");
    let mut names = Vec::new();
    for value in [1.0, 2.0] {
        let mut writer = SpaceWriter::open(out.path(), &spec(StoreDtype::F32), 4).unwrap();
        let before = files(writer.dir());
        writer.push(key, &[value; 3]).unwrap();
        writer.flush().unwrap();
        let new = files(writer.dir()).into_iter().find(|path| !before.contains(path)).unwrap();
        names.push((new, value));
    }
    names.sort_by(|a, b| a.0.cmp(&b.0));
    let store = FeatureStore::open(&out.path().join(spec(StoreDtype::F32).folder())).unwrap();
    assert_eq!((store.stored_rows(), store.features(key).unwrap()), (2, vec![names[0].1; 3]));
}

#[test]
fn parts_of_several_machines_merge_into_the_rows_of_one() {
    let (dir, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let view = view_of(&dataset(dir.path())).view;
    let part = |name: &str, n: usize| {
        let parent = out.path().join(name);
        extract(&parent, &view.filter(|row| row % 2 == n), dir.path(), StoreDtype::F32);
        parent.join(spec(StoreDtype::F32).folder())
    };
    let parts = [part("a", 0), part("b", 1)];
    let target = out.path().join("merged");
    let merged = merge(&target, &parts).unwrap();
    assert_eq!((merged.copied, merged.kept, merged.store.missing(&view).len()), (3, 0, 0));
    let again = merge(&target, &parts).unwrap();
    assert_eq!((again.copied, again.kept), (0, 3));
    // Refusals change nothing on disk.
    extract(&out.path().join("c"), &view, dir.path(), StoreDtype::F16);
    let foreign = out.path().join("c").join(spec(StoreDtype::F16).folder());
    let before = files(&target);
    let message = merge(&target, std::slice::from_ref(&foreign)).unwrap_err().to_string();
    assert!(message.contains("must be the same"), "{message}");
    let fresh = out.path().join("fresh");
    assert!(merge(&fresh, &[parts[0].clone(), foreign]).is_err() && !fresh.exists());
    assert!(merge(&fresh, &[]).is_err());
    let message = merge(&target, &[dir.path().to_path_buf()]).unwrap_err().to_string();
    assert!(message.contains("space.json"), "{message}");
    assert_eq!(files(&target), before);
}

#[test]
fn a_space_is_known_by_what_decides_its_features() {
    let base = spec(StoreDtype::F32);
    let mut others = vec![spec(StoreDtype::F16)];
    let mut other = |change: &dyn Fn(&mut SpaceSpec)| {
        let mut spec = base.clone();
        change(&mut spec);
        others.push(spec);
    };
    other(&|s| s.backbone.architecture = Fingerprint::of(b"other"));
    other(&|s| s.backbone.weights = Fingerprint::of(b"other"));
    other(&|s| s.backbone.proj_layer = true);
    other(&|s| s.preprocess.crop_fraction = 0.9);
    other(&|s| s.compute = "bf16".into());
    other(&|s| s.dim = 4);
    other(&|s| s.numerics = 2);
    for spec in &others {
        assert_ne!(spec.fingerprint(), base.fingerprint(), "{spec:?}");
    }
    let named = SpaceSpec {
        backbone: BackboneId { name: "toy".into(), commit: Some("c".into()), ..base.backbone.clone() },
        ..base.clone()
    };
    assert_eq!(named.fingerprint(), base.fingerprint(), "where a model came from is not what it is");
    assert!(named.backbone.is_same_model(&base.backbone));
    assert!(!others[1].backbone.is_same_model(&base.backbone));
}

#[test]
fn format_1_and_edited_records_are_refused_in_words() {
    let out = tempfile::tempdir().unwrap();
    std::fs::write(out.path().join("manifest.json"), "{}").unwrap();
    let message = FeatureStore::open(out.path()).unwrap_err().to_string();
    assert!(message.contains("format 1") && message.contains("mdfe extract"), "{message}");
    let writer = SpaceWriter::open(out.path(), &spec(StoreDtype::F32), 4).unwrap();
    let record = writer.dir().join(SpaceSpec::FILE);
    let text = std::fs::read_to_string(&record).unwrap();
    std::fs::write(&record, text.replace("\"dim\": 3", "\"dim\": 4")).unwrap();
    let message = FeatureStore::open(writer.dir()).unwrap_err().to_string();
    assert!(message.contains("does not fit its fingerprint"), "{message}");
    assert!(SpaceWriter::open(out.path(), &spec(StoreDtype::F32), 4).is_err(), "and is not overwritten");
    assert!(SpaceWriter::open(out.path(), &spec(StoreDtype::F32), 0).is_err());
}

#[test]
fn spaces_are_listed_with_their_uses_and_removed_whole() {
    let (dir, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    assert!(spaces(&out.path().join("nowhere")).unwrap().is_empty());
    let view = view_of(&dataset(dir.path())).view;
    for dtype in [StoreDtype::F32, StoreDtype::F16] {
        extract(out.path(), &view, dir.path(), dtype);
    }
    let space = out.path().join(spec(StoreDtype::F32).folder());
    Use::record(&space, &view).unwrap();
    Use::record(&space, &view).unwrap();
    let found = spaces(out.path()).unwrap();
    let info = found.iter().find(|info| info.dir == space).unwrap();
    assert_eq!((found.len(), info.rows, info.shards, info.uses.len()), (2, 9, 3, 1));
    assert_eq!((info.uses[0].view.as_str(), info.uses[0].rows), ("toy", 9));
    assert!(info.bytes > 9 * (12 + 32) && info.last_used() >= info.made);
    remove_space(&space).unwrap();
    assert!(!space.exists() && spaces(out.path()).unwrap().len() == 1);
    assert!(remove_space(dir.path()).is_err() && dir.path().join("0.png").exists());
}

#[test]
fn a_view_reads_back_and_the_same_view_is_the_same_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let view = view_of(&dataset(dir.path())).view;
    let [a, b] = ["a", "b"].map(|name| dir.path().join(name));
    view.write(&a).unwrap();
    view.write(&b).unwrap();
    assert_eq!(std::fs::read(&a).unwrap(), std::fs::read(&b).unwrap());
    let read = View::open(&a).unwrap();
    assert_eq!((&read, read.fingerprint()), (&view, view.fingerprint()));
    let message = View::open(&dir.path().join("0.png")).unwrap_err().to_string();
    assert!(message.contains("0.png"), "{message}");
}

/// What is done to a file: a byte changed, cut off, something put in.
#[derive(Clone, Debug)]
enum Damage {
    Flip(prop::sample::Index, u8),
    Cut(prop::sample::Index),
    Insert(prop::sample::Index, Vec<u8>),
}

fn damage() -> impl Strategy<Value = Damage> {
    let at = any::<prop::sample::Index>;
    prop_oneof![
        (at(), 1..=255u8).prop_map(|(i, bits)| Damage::Flip(i, bits)),
        at().prop_map(Damage::Cut),
        (at(), prop::collection::vec(any::<u8>(), 1..20)).prop_map(|(i, bytes)| Damage::Insert(i, bytes)),
    ]
}

impl Damage {
    fn apply(&self, file: &mut Vec<u8>) {
        match self {
            Self::Flip(i, bits) => {
                let at = i.index(file.len());
                file[at] ^= bits;
            }
            Self::Cut(i) => file.truncate(i.index(file.len())),
            Self::Insert(i, bytes) => {
                let at = i.index(file.len());
                file.splice(at..at, bytes.iter().copied());
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    /// No panic and no allocation by a number that a file merely claims: what opens reads back, the rest is an error or is ignored,
    /// and a changed shard never verifies.
    #[test]
    fn damaged_files_are_read_or_refused(which in 0..3usize, damage in damage()) {
        let (dir, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let view = view_of(&dataset(dir.path())).view;
        extract(out.path(), &view, dir.path(), StoreDtype::F32);
        let space = out.path().join(spec(StoreDtype::F32).folder());
        let path = match which {
            0 => space.join(SpaceSpec::FILE),
            1 => files(&space).remove(0),
            _ => dir.path().join("view"),
        };
        view.write(&dir.path().join("view")).unwrap();
        let mut bytes = std::fs::read(&path).unwrap();
        let before = bytes.clone();
        damage.apply(&mut bytes);
        std::fs::write(&path, &bytes).unwrap();
        if let Ok(read) = View::open(&dir.path().join("view")) {
            prop_assert!((0..read.len()).all(|row| read.path(row).is_some()));
            prop_assert!(read.labels().iter().all(|&l| (l as usize) < read.class_names().len()));
        }
        if let Ok(store) = FeatureStore::open(&space) {
            let there = view.filter(|row| !store.missing(&view).contains(&row));
            if let Ok(rows) = FeatureView::new(Arc::new(store), Arc::new(there)) {
                rows.matrix().unwrap();
            }
            prop_assert!(which != 1 || bytes == before || verify(&space).unwrap().len() == 1);
        }
    }
}
