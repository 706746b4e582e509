//! The kinds of an index: what they find, what they take, what they say.

use crate::common::{KINDS, create, pairs, rows, score, search, stored, unit};
use mdfe_eval::{Knn, Rows};
use mdfe_index::{Dtype, Existing, Filter, Index, IndexOptions, Rescore};

#[test]
fn every_kind_finds_what_the_search_over_its_stored_rows_finds() {
    let dim = 24;
    let (all, query) = (rows(0, 2_000, dim), unit(9, dim, 1));
    for kind in KINDS {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = create(&dir.path().join("index"), dim, kind);
        // Two segments, of which the second begins amid a panel.
        writer.add(&rows(0, 777, dim), Existing::Refuse).unwrap();
        writer.add(&rows(777, 1_223, dim), Existing::Refuse).unwrap();
        let index = Index::open(writer.index().dir()).unwrap();
        let found = search(&index, &query, 5, &Filter::default());
        if kind == (Dtype::Binary, Some(Rescore::None)) {
            for (query, found) in query.chunks(dim).zip(&found) {
                let mut plain: Vec<(u32, f32)> = all
                    .values
                    .chunks(dim)
                    .enumerate()
                    .map(|(i, row)| (i as u32, score(query, row, kind)))
                    .collect();
                plain.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
                assert_eq!(pairs(found), plain[..5], "{kind:?}");
            }
            continue;
        }
        let values: Vec<f32> = all.values.chunks(dim).flat_map(|row| stored(row, kind)).collect();
        let knn = Knn::default();
        let exact = knn.search(Rows::new(&query, dim).unwrap(), Rows::new(&values, dim).unwrap()).unwrap();
        for (row, found) in exact.rows().zip(&found) {
            let expected: Vec<(u32, f32)> = row.iter().map(|n| (n.id, n.score)).collect();
            assert_eq!(pairs(found), expected, "{kind:?}");
        }
    }
}

#[test]
fn bytes_with_a_copy_in_f32_find_what_f32_finds() {
    let dim = 64;
    let query = unit(40, dim, 2);
    let found = [(Dtype::F32, None), (Dtype::Int8, Some(Rescore::F32))].map(|kind| {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = create(&dir.path().join("index"), dim, kind);
        writer.add(&rows(0, 5_000, dim), Existing::Refuse).unwrap();
        search(writer.index(), &query, 10, &Filter::default())
    });
    assert_eq!(found[0], found[1]);
}

#[test]
fn rows_become_as_small_as_their_kind_says_and_info_says_what_a_score_is() {
    let dim = 64;
    let said = [
        (64 * 4, "cosine"),
        (64 * 2, "cosine with the row rounded to f16"),
        (64 + 4, "cosine with the row rounded to int8"),
        (64 + 8 + 2 * 64, "cosine with the row rounded to f16"),
        (64 + 8 + 4 * 64, "cosine"),
        (8, "equal signs less unequal ones, over D"),
        (8 + 2 * 64, "cosine with the row rounded to f16"),
        (8 + 4 * 64, "cosine"),
    ];
    for (kind, (bytes, score)) in KINDS.into_iter().zip(said) {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = create(&dir.path().join("index"), dim, kind);
        let mut bare = rows(0, 1_000, dim);
        (bare.labels, bare.domains, bare.paths) = (None, None, Default::default());
        writer.add(&bare, Existing::Refuse).unwrap();
        let info = writer.index().info();
        // A header of less than 1 KiB.
        let most = 1_000 * bytes + 1_024;
        assert!((1_000 * bytes..most).contains(&(info.bytes as usize)), "{kind:?}: {} bytes", info.bytes);
        assert_eq!((info.score, info.exact), (score, kind.0 != Dtype::Binary), "{kind:?}");
    }
}

#[test]
fn signs_say_what_they_miss() {
    let dim = 32;
    let dir = tempfile::tempdir().unwrap();
    let mut writer = create(&dir.path().join("index"), dim, (Dtype::Binary, None));
    writer.add(&rows(0, 3_000, dim), Existing::Refuse).unwrap();
    writer.measure_recall().unwrap();
    let recall = Index::open(writer.index().dir()).unwrap().info().recall.unwrap();
    assert_eq!((recall.k, recall.queries, recall.rows), (5, 200, 3_000));
    // 500 candidates of 3,000 by 32 signs: most of the neighbours are among them, and not all.
    assert!(recall.recall > 0.8 && recall.recall < 1.0, "{}", recall.recall);
    let dir = tempfile::tempdir().unwrap();
    let mut writer = create(&dir.path().join("index"), dim, (Dtype::Int8, None));
    writer.add(&rows(0, 100, dim), Existing::Refuse).unwrap();
    writer.measure_recall().unwrap();
    assert_eq!(writer.index().info().recall, None, "an exact search misses nothing");
}

#[test]
fn options_that_contradict_each_other_are_refused_and_leave_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("index");
    for (dim, dtype, rescore) in [(0, Dtype::F32, None), (4, Dtype::F32, Some(Rescore::F16))] {
        let options = IndexOptions { dim, dtype, rescore, embedder: None };
        assert!(Index::create(&path, &options).is_err());
        assert!(!path.exists());
    }
    std::fs::create_dir(&path).unwrap();
    std::fs::write(path.join("mine.txt"), b"x").unwrap();
    let options = IndexOptions { dim: 4, ..IndexOptions::default() };
    let message = Index::create(&path, &options).unwrap_err().to_string();
    assert!(message.contains("is there already"), "{message}");
    assert_eq!(std::fs::read_dir(&path).unwrap().count(), 1);
}
