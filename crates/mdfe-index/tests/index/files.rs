//! Damage, leftovers and other people's files.

use crate::common::{create, rows};
use mdfe_index::{Dtype, Error, Existing, Index, Writer};
use std::path::{Path, PathBuf};

fn named(dir: &Path, prefix: &str) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().path()).collect();
    found.retain(|p| p.file_name().unwrap().to_string_lossy().starts_with(prefix));
    found.sort();
    found
}

#[test]
fn what_a_killed_writer_left_is_no_part_of_the_index_and_goes_with_the_next_writer() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("index");
    let mut writer = create(&path, 4, (Dtype::F32, None));
    writer.add(&rows(0, 5, 4), Existing::Refuse).unwrap();
    drop(writer);
    // A segment whose manifest never came, half a file under its temporary name, and somebody's notes.
    let whole = named(&path, "segment-");
    std::fs::copy(&whole[0], path.join("segment-0000000005-0123456789abcdef.safetensors")).unwrap();
    std::fs::write(path.join(".mdfe-x.tmp"), b"half").unwrap();
    std::fs::write(path.join("notes.txt"), b"mine").unwrap();
    let index = Index::open(&path).unwrap();
    assert_eq!(index.len(), 5);
    assert!(Index::verify(&path).unwrap().faults.is_empty());
    let mut writer = Writer::open(&path, || ()).unwrap();
    assert_eq!(named(&path, "segment-"), whole);
    assert!(named(&path, ".mdfe-").is_empty() && path.join("notes.txt").exists());
    writer.remove(&["images/0.jpg"], &[]).unwrap();
    writer.remove(&["images/1.jpg"], &[]).unwrap();
    assert_eq!(named(&path, "removed-").len(), 1, "the list of removed rows that was replaced is gone");
}

#[test]
fn verify_names_every_damaged_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("index");
    let mut writer = create(&path, 4, (Dtype::F32, None));
    for first in [0, 10, 20, 30] {
        writer.add(&rows(first, 10, 4), Existing::Refuse).unwrap();
    }
    writer.remove(&["images/0.jpg"], &[]).unwrap();
    drop(writer);
    let sound = Index::verify(&path).unwrap();
    assert_eq!((sound.files, sound.rows, sound.faults), (5, 40, vec![]));
    let segments = named(&path, "segment-");
    // A flipped bit of a value, a file that is cut, one that is gone, and a list of removed rows that is another one.
    let mut bytes = std::fs::read(&segments[0]).unwrap();
    let at = bytes.len() - 150;
    bytes[at] ^= 1;
    std::fs::write(&segments[0], &bytes).unwrap();
    std::fs::write(&segments[1], &bytes[..bytes.len() - 1]).unwrap();
    std::fs::remove_file(&segments[2]).unwrap();
    let removed = named(&path, "removed-").remove(0);
    let mut bytes = std::fs::read(&removed).unwrap();
    *bytes.last_mut().unwrap() = 1;
    std::fs::write(&removed, bytes).unwrap();
    let found = Index::verify(&path).unwrap();
    let bad: Vec<PathBuf> = found.faults.iter().map(|fault| path.join(&fault.file)).collect();
    assert_eq!(bad, [&segments[..3], &[removed][..]].concat());
    for fault in &found.faults {
        assert!(fault.reason.contains(&fault.file), "{}", fault.reason);
    }
    let message = Index::open(&path).unwrap_err().to_string();
    assert!(message.contains(&*segments[1].file_name().unwrap().to_string_lossy()), "{message}");
}

#[test]
fn manifests_of_others_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    assert!(matches!(Index::open(dir.path()), Err(Error::NoIndex { .. })));
    assert!(matches!(Writer::open(dir.path(), || ()), Err(Error::NoIndex { .. })));
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "no lock is left");
    let path = dir.path().join("index");
    let mut writer = create(&path, 4, (Dtype::F32, None));
    writer.add(&rows(0, 5, 4), Existing::Refuse).unwrap();
    drop(writer);
    let manifest = path.join("index.json");
    let text = std::fs::read_to_string(&manifest).unwrap();
    for (from, to, says) in [
        ("mdfe-index-1", "mdfe-index-9", "mdfe-index-9"),
        ("\"format\"", "\"form\"", "names no format"),
        ("\"dim\": 4", "\"dim\": 5", "embeddings"),
        ("\"dim\": 4", "\"dim\": 0", "build the index again"),
        ("\"rows\": 5", "\"rows\": 6", "safetensors"),
        ("\"rows\": 5", "\"rows\": 5000000000", "build the index again"),
        ("\"file\": \"segment", "\"file\": \"../segment", "build the index again"),
        ("{", "[", "index.json"),
    ] {
        assert!(text.contains(from), "{from}");
        std::fs::write(&manifest, text.replacen(from, to, 1)).unwrap();
        let message = Index::open(&path).unwrap_err().to_string();
        assert!(message.contains(says), "{message}: {says}");
    }
}
