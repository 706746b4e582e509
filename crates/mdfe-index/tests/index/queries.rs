//! Filters, scores that are no match, near duplicates.

use crate::common::{KINDS, create, pairs, rows, search, unit};
use mdfe_data::Embeddings;
use mdfe_eval::Rows;
use mdfe_index::{Dtype, Error, Existing, Filter, Query};

#[test]
fn filters_keep_the_rows_that_they_name_and_no_others() {
    let dim = 8;
    let query = unit(3, dim, 3);
    for kind in KINDS {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = create(&dir.path().join("index"), dim, kind);
        writer.add(&rows(0, 100, dim), Existing::Refuse).unwrap();
        writer.add(&rows(100, 60, dim), Existing::Refuse).unwrap();
        let all = search(writer.index(), &query, 160, &Filter::default());
        let (cars, mugs) = (vec!["cars".to_owned()], vec!["mug".to_owned(), "plate".to_owned()]);
        for filter in [
            Filter { domains: cars.clone(), labels: vec![] },
            Filter { domains: vec![], labels: mugs.clone() },
            Filter { domains: cars.clone(), labels: mugs.clone() },
        ] {
            let found = search(writer.index(), &query, 160, &filter);
            for (all, found) in all.iter().zip(&found) {
                let fits = |names: &[String], name: &Option<String>| {
                    names.is_empty() || name.as_ref().is_some_and(|name| names.contains(name))
                };
                let expected: Vec<_> = all
                    .iter()
                    .filter(|hit| fits(&filter.domains, &hit.domain) && fits(&filter.labels, &hit.label))
                    .cloned()
                    .collect();
                assert!(!expected.is_empty() && expected.len() < 160);
                assert_eq!(found, &expected, "{kind:?}");
            }
        }
    }
}

#[test]
fn what_no_row_has_is_named_with_what_there_is() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = create(&dir.path().join("index"), 4, (Dtype::F32, None));
    let vectors = [1.0, 0.0, 0.0, 0.0];
    let mut query = Query::new(Rows::new(&vectors, 4).unwrap());
    assert!(matches!(writer.index().search(&query), Err(Error::Empty { .. })));
    writer.add(&rows(0, 10, 4), Existing::Refuse).unwrap();
    query.filter.domains = vec!["boats".into()];
    let message = writer.index().search(&query).unwrap_err().to_string();
    assert!(message.contains("domain `boats`") && message.contains("cars, goods"), "{message}");
    let narrow = Query::new(Rows::new(&vectors[..2], 2).unwrap());
    assert!(matches!(writer.index().search(&narrow), Err(Error::Dim { got: 2, dim: 4, .. })));
    let bad = [f32::NAN, 0.0, 0.0, 0.0];
    let bad = Query::new(Rows::new(&bad, 4).unwrap());
    let message = writer.index().search(&bad).unwrap_err().to_string();
    assert!(message.contains("row 0 of the query") && message.contains("NaN"), "{message}");
}

#[test]
fn a_score_below_the_least_is_no_match() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = create(&dir.path().join("index"), 16, (Dtype::F32, None));
    writer.add(&rows(0, 50, 16), Existing::Refuse).unwrap();
    let vectors = [rows(3, 1, 16).values, unit(1, 16, 9)].concat();
    let mut query = Query::new(Rows::new(&vectors, 16).unwrap());
    query.min_score = Some(0.99);
    let found = writer.index().search(&query).unwrap();
    assert_eq!(found[0].iter().map(|hit| hit.row).collect::<Vec<_>>(), [3], "itself alone");
    assert_eq!(found[1], [], "no match");
}

#[test]
fn near_duplicates_take_one_place_and_are_listed() {
    let dim = 16;
    let base = unit(6, dim, 4);
    // Thirty rows: five of each direction, which hardly differ.
    let mut values = Vec::new();
    for copy in 0..5 {
        for row in base.chunks(dim) {
            let mut row = row.to_vec();
            row[copy] += 0.001;
            values.extend(row);
        }
    }
    let dir = tempfile::tempdir().unwrap();
    for (i, kind) in KINDS.into_iter().enumerate().filter(|(_, kind)| kind.1 != KINDS[5].1) {
        let mut writer = create(&dir.path().join(i.to_string()), dim, kind);
        let rows = Embeddings { values: values.clone(), dim, ..Embeddings::default() };
        writer.add(&rows, Existing::Refuse).unwrap();
        let mut query = Query::new(Rows::new(&base[..dim], dim).unwrap());
        (query.k, query.fold) = (6, Some(0.98));
        let hits = &writer.index().search(&query).unwrap()[0];
        assert_eq!(hits.len(), 6, "{kind:?}: one for each direction, though the nearest five are one");
        assert!(hits.iter().all(|hit| hit.folded.len() == 4), "{kind:?}: {hits:?}");
        let mut seen: Vec<u32> =
            hits.iter().flat_map(|hit| [vec![hit.row], hit.folded.clone()].concat()).collect();
        seen.sort_unstable();
        assert_eq!(seen, (0..30).collect::<Vec<_>>(), "{kind:?}: nothing is lost");
        query.fold = None;
        let plain = &writer.index().search(&query).unwrap()[0];
        assert_eq!(pairs(&hits[..1]), pairs(&plain[..1]));
        assert!(plain[..5].iter().all(|hit| hit.row % 6 == 0), "{kind:?}: the copies, without folding");
    }
}
