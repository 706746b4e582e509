//! Random adds, removals and searches against a list.

use crate::common::{KINDS, create, score, search, unit};
use mdfe_data::Embeddings;
use mdfe_index::{Existing, Filter, Index, Writer};
use proptest::prelude::*;

const DIM: usize = 12;
const NAMES: [&str; 3] = ["a", "b", "c"];

/// A row as the list has it; `None` once it was removed.
#[derive(Clone)]
struct Row {
    path: String,
    label: usize,
    domain: usize,
    values: Vec<f32>,
}

#[derive(Clone, Debug)]
enum Step {
    Add { count: usize, first: usize, existing: u8 },
    RemovePath(usize),
    RemoveRow(usize),
    Search { k: usize, domain: Option<usize>, label: Option<usize> },
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (1usize..60, 0usize..80, 0u8..3).prop_map(|(count, first, existing)| Step::Add {
            count,
            first,
            existing
        }),
        (0usize..140).prop_map(Step::RemovePath),
        (0usize..300).prop_map(Step::RemoveRow),
        (1usize..9, prop::option::of(0usize..3), prop::option::of(0usize..3))
            .prop_map(|(k, domain, label)| Step::Search { k, domain, label }),
        Just(Step::Reopen),
    ]
}

/// Rows with the paths `first..first + count`.
fn batch(count: usize, first: usize, seed: u64) -> (Vec<Row>, Embeddings) {
    let values = unit(count, DIM, seed);
    let rows: Vec<Row> = (values.chunks(DIM).enumerate())
        .map(|(i, values)| Row {
            path: format!("p{}", first + i),
            label: (first + i) % 3,
            domain: (first + i) / 5 % 3,
            values: values.to_vec(),
        })
        .collect();
    let embeddings = Embeddings {
        dim: DIM,
        labels: Some(rows.iter().map(|row| row.label as i64).collect()),
        label_names: NAMES.into_iter().collect(),
        domains: Some(rows.iter().map(|row| row.domain as i64).collect()),
        domain_names: NAMES.map(str::to_owned).to_vec(),
        paths: rows.iter().map(|row| row.path.as_str()).collect(),
        embedder: None,
        values,
    };
    (rows, embeddings)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 48,
        rng_seed: proptest::test_runner::RngSeed::Fixed(0),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_history_is_that_of_a_list(kind in 0usize..8, seed in any::<u64>(), steps in prop::collection::vec(step(), 1..24)) {
        let kind = KINDS[kind];
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("index");
        let mut writer = create(&path, DIM, kind);
        let mut list: Vec<Option<Row>> = Vec::new();
        for (s, step) in steps.into_iter().enumerate() {
            let seed = seed.wrapping_add(s as u64);
            let there = |list: &[Option<Row>], path: &str| list.iter().flatten().any(|row| row.path == path);
            match step {
                Step::Add { count, first, existing } => {
                    let (rows, embeddings) = batch(count, first, seed);
                    let old = rows.iter().filter(|row| there(&list, &row.path)).count();
                    let existing = [Existing::Refuse, Existing::Replace, Existing::Skip][existing as usize];
                    let added = writer.add(&embeddings, existing);
                    let kept: Vec<Row> = match existing {
                        Existing::Refuse if old > 0 => {
                            prop_assert!(added.is_err());
                            continue;
                        }
                        Existing::Skip => rows.into_iter().filter(|row| !there(&list, &row.path)).collect(),
                        _ => rows,
                    };
                    prop_assert_eq!(added.unwrap().added, kept.len());
                    for row in &kept {
                        list.iter_mut().filter(|old| old.as_ref().is_some_and(|old| old.path == row.path)).for_each(|old| *old = None);
                    }
                    list.extend(kept.into_iter().map(Some));
                }
                Step::RemovePath(i) => {
                    let path = format!("p{i}");
                    prop_assert_eq!(writer.remove(&[&path], &[]).is_ok(), there(&list, &path));
                    list.iter_mut().filter(|row| row.as_ref().is_some_and(|row| row.path == path)).for_each(|row| *row = None);
                }
                Step::RemoveRow(i) => {
                    let none: [&str; 0] = [];
                    let known = list.get(i).is_some_and(Option::is_some);
                    prop_assert_eq!(writer.remove(&none, &[i as u32]).is_ok(), known);
                    if known {
                        list[i] = None;
                    }
                }
                Step::Search { k, domain, label } => {
                    let query = unit(2, DIM, !seed);
                    let name = |at: Option<usize>| at.map(|at| NAMES[at].to_owned()).into_iter().collect();
                    let filter = Filter { domains: name(domain), labels: name(label) };
                    // A name that no segment has is an error of its own.
                    let has = |of: fn(&Row) -> usize, at: Option<usize>| at.is_none_or(|at| list.iter().flatten().any(|row| of(row) == at));
                    if !list.iter().any(Option::is_some) || !has(|row| row.domain, domain) || !has(|row| row.label, label) {
                        continue;
                    }
                    let index = Index::open(&path).unwrap();
                    prop_assert_eq!(index.len(), list.iter().flatten().count());
                    for (query, hits) in query.chunks(DIM).zip(search(&index, &query, k, &filter)) {
                        let mut plain: Vec<(u32, f32)> = list.iter().enumerate()
                            .filter_map(|(i, row)| row.as_ref().map(|row| (i, row)))
                            .filter(|(_, row)| domain.is_none_or(|d| row.domain == d) && label.is_none_or(|l| row.label == l))
                            .map(|(i, row)| (i as u32, score(query, &row.values, kind)))
                            .collect();
                        plain.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
                        plain.truncate(k);
                        let found: Vec<(u32, f32)> = hits.iter().map(|hit| (hit.row, hit.score)).collect();
                        prop_assert_eq!(found, plain, "{:?}", kind);
                        for hit in &hits {
                            let row = list[hit.row as usize].as_ref().unwrap();
                            prop_assert_eq!(hit.path.as_deref(), Some(row.path.as_str()));
                            prop_assert_eq!(hit.label.as_deref(), Some(NAMES[row.label]));
                            prop_assert_eq!(hit.domain.as_deref(), Some(NAMES[row.domain]));
                        }
                    }
                }
                Step::Reopen => {
                    drop(writer);
                    writer = Writer::open(&path, || ()).unwrap();
                    prop_assert!(Index::verify(&path).unwrap().faults.is_empty());
                }
            }
        }
    }
}
