//! Adding and removing: what is refused, what is replaced, who sees what.

use crate::common::{create, embedder, rows, search, unit};
use mdfe_data::Embeddings;
use mdfe_index::{Added, Dtype, Error, Existing, Filter, Index, IndexOptions, Writer};
use std::{collections::BTreeMap, path::Path};

fn files(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().path());
    files
        .map(|p| (p.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(&p).unwrap()))
        .collect()
}

#[test]
fn what_does_not_fit_is_refused_and_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("index");
    let mut writer = create(&path, 4, (Dtype::F32, None));
    let good = Embeddings { embedder: Some(embedder("one")), ..rows(0, 5, 4) };
    writer.add(&good, Existing::Refuse).unwrap();
    let before = files(&path);
    let mut bad = vec![
        (rows(5, 5, 3), "3 dimensions"),
        (Embeddings { embedder: Some(embedder("two")), ..rows(5, 5, 4) }, "two"),
        (rows(5, 5, 4), "does not say which model"),
        (good.clone(), "5 of the 5 paths already"),
    ];
    let fresh = Embeddings { embedder: Some(embedder("one")), ..rows(5, 5, 4) };
    let mut nan = fresh.clone();
    nan.values[7] = f32::INFINITY;
    bad.push((nan, "row 1 of what is to be added (images/6.jpg) holds inf at position 3"));
    bad.push((Embeddings { labels: Some(vec![0; 4]), ..fresh.clone() }, "4 labels for 5 rows"));
    bad.push((Embeddings { paths: ["a"].into_iter().collect(), ..fresh.clone() }, "1 paths for 5 rows"));
    for (rows, says) in bad {
        let message = writer.add(&rows, Existing::Refuse).unwrap_err().to_string();
        assert!(message.contains(says), "{message}: {says}");
        assert_eq!(files(&path), before, "{says}");
    }
    assert!(matches!(writer.remove(&["images/9.jpg"], &[]), Err(Error::UnknownPath { .. })));
    assert!(matches!(writer.remove(&["images/1.jpg"], &[5]), Err(Error::UnknownRow { row: 5 })));
    assert_eq!(files(&path), before);
    let none = create(&dir.path().join("none"), 4, (Dtype::F32, None));
    assert!(none.index().is_empty());
}

#[test]
fn an_index_without_a_maker_takes_nobodys_rows() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = create(&dir.path().join("index"), 4, (Dtype::F32, None));
    writer.add(&rows(0, 2, 4), Existing::Refuse).unwrap();
    let named = Embeddings { embedder: Some(embedder("one")), ..rows(2, 2, 4) };
    let message = writer.add(&named, Existing::Refuse).unwrap_err().to_string();
    assert!(message.contains("one") && message.contains("the index does not say"), "{message}");
    // The first rows name the maker of all.
    let mut writer = create(&dir.path().join("other"), 4, (Dtype::F32, None));
    writer.add(&named, Existing::Refuse).unwrap();
    let index = Index::open(writer.index().dir()).unwrap();
    assert_eq!(index.embedder(), Some(&embedder("one")));
    index.expect_embedder(Some(&embedder("one")), "the model's are").unwrap();
    let message = index.expect_embedder(Some(&embedder("two")), "the model's are").unwrap_err().to_string();
    assert!(message.contains("same model"), "{message}");
}

#[test]
fn paths_that_are_there_are_replaced_or_skipped_as_asked() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("index");
    let mut writer = create(&path, 4, (Dtype::F32, None));
    writer.add(&rows(0, 4, 4), Existing::Refuse).unwrap();
    let mut again = rows(2, 4, 4);
    again.values = unit(4, 4, 11);
    assert_eq!(writer.add(&again, Existing::Skip).unwrap(), Added { added: 2, replaced: 0, skipped: 2 });
    assert_eq!(writer.add(&again, Existing::Replace).unwrap(), Added { added: 4, replaced: 4, skipped: 0 });
    assert_eq!(writer.add(&again, Existing::Skip).unwrap(), Added { added: 0, replaced: 0, skipped: 4 });
    drop(writer);
    let mut writer = Writer::open(&path, || ()).unwrap();
    let index = writer.index();
    assert_eq!((index.len(), index.info().removed), (6, 4));
    let ids: Vec<u32> = index.ids().collect();
    assert_eq!(ids, [0, 1, 6, 7, 8, 9]);
    assert_eq!(index.facts(6).unwrap().path, Some("images/2.jpg"));
    assert_eq!(index.vector(6).unwrap(), again.values[..4]);
    assert!(index.facts(2).is_err(), "what was replaced is gone");
    assert!(writer.holds("images/2.jpg") && !writer.holds("images/6.jpg"));
    assert_eq!(writer.remove(&["images/2.jpg"], &[0]).unwrap(), 2);
    assert!(!writer.holds("images/2.jpg"));
    assert_eq!(writer.add(&rows(2, 1, 4), Existing::Refuse).unwrap().added, 1, "it may come again");
}

#[test]
fn rows_of_other_lengths_become_directions_and_rows_without_paths_may_repeat() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = create(&dir.path().join("index"), 2, (Dtype::F32, None));
    let bare = Embeddings { values: vec![3.0, 4.0, 0.0, 0.0, 0.6, 0.8], dim: 2, ..Embeddings::default() };
    writer.add(&bare, Existing::Refuse).unwrap();
    writer.add(&bare, Existing::Refuse).unwrap();
    assert_eq!(writer.index().vector(0).unwrap(), [0.6, 0.8]);
    assert_eq!(writer.index().vector(1).unwrap(), [0.0, 0.0]);
    let hits = &search(writer.index(), &[0.6, 0.8], 4, &Filter::default())[0];
    assert_eq!(hits.iter().map(|hit| hit.row).collect::<Vec<_>>(), [0, 2, 3, 5]);
    assert_eq!(
        (hits[0].path.as_deref(), hits[0].label.as_deref(), hits[0].domain.as_deref()),
        (None, None, None)
    );
}

#[test]
fn a_reader_keeps_what_it_opened_while_others_write() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("index");
    let mut writer = create(&path, 8, (Dtype::Int8, None));
    writer.add(&rows(0, 100, 8), Existing::Refuse).unwrap();
    writer.remove(&["images/1.jpg"], &[]).unwrap();
    let before = Index::open(&path).unwrap();
    let query = unit(2, 8, 5);
    let found = search(&before, &query, 99, &Filter::default());
    writer.add(&rows(100, 50, 8), Existing::Refuse).unwrap();
    writer.remove(&["images/2.jpg", "images/3.jpg"], &[]).unwrap();
    assert_eq!((before.len(), writer.index().len(), Index::open(&path).unwrap().len()), (99, 147, 147));
    assert_eq!(search(&before, &query, 99, &Filter::default()), found);
}

#[test]
fn readers_open_whole_indexes_while_a_writer_works() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("index");
    let mut writer = create(&path, 8, (Dtype::F32, None));
    writer.add(&rows(0, 64, 8), Existing::Refuse).unwrap();
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut opened = 0;
            while !done.load(std::sync::atomic::Ordering::SeqCst) || opened == 0 {
                // Removals replace the list of removed rows again and again, and its file goes away.
                let index = Index::open(&path).unwrap();
                assert_eq!(index.ids().count(), index.len());
                opened += 1;
            }
        });
        for i in 0..60 {
            writer.remove(&[format!("images/{i}.jpg")], &[]).unwrap();
        }
        done.store(true, std::sync::atomic::Ordering::SeqCst);
        reader.join().unwrap();
    });
    assert_eq!(Index::open(&path).unwrap().len(), 4);
}

#[test]
fn a_second_writer_waits_for_the_first() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("index");
    let mut first = Index::create(&path, &IndexOptions { dim: 4, ..IndexOptions::default() }).unwrap();
    let (tell, hear) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut second = Writer::open(&path, || tell.send("waits").unwrap()).unwrap();
            second.add(&rows(5, 5, 4), Existing::Refuse).unwrap();
        });
        assert_eq!(hear.recv().unwrap(), "waits");
        first.add(&rows(0, 5, 4), Existing::Refuse).unwrap();
        drop(first);
    });
    assert_eq!(Index::open(&path).unwrap().len(), 10, "the second one saw what the first had added");
}
