//! `mdfe evaluate --json` on two safetensors files, against scores worked out by hand.
#![allow(clippy::unwrap_used)]

mod support;
use mdfe_data::Embeddings;
use std::path::Path;
use support::{error, json, ok, usage};

/// Points on the unit circle: the smaller the angle to a query, the nearer.
fn side(angles: &[f64], labels: &[i64], domains: Option<&[i64]>) -> Embeddings {
    let point = |a: &f64| [a.to_radians().cos() as f32, a.to_radians().sin() as f32];
    Embeddings {
        values: angles.iter().flat_map(point).collect(),
        dim: 2,
        labels: Some(labels.to_vec()),
        domains: domains.map(<[i64]>::to_vec),
        domain_names: domains.map(|_| vec!["cars".into(), "food".into()]).unwrap_or_default(),
        ..Embeddings::default()
    }
}

fn scores(dir: &Path) -> serde_json::Value {
    json(dir, "evaluate --query q.safetensors --index i.safetensors")
}

/// Index: rows at 0, 1, ... 9 degrees. A query at 0 degrees sees them in that order.
fn index(labels: &[i64; 10], domains: Option<&[i64]>) -> Embeddings {
    side(&(0..10).map(f64::from).collect::<Vec<_>>(), labels, domains)
}

#[test]
fn scores_are_those_of_the_formula_for_0_1_3_5_and_more_relevant_images() {
    let dir = tempfile::tempdir().unwrap();
    // (labels of the index in order of distance, mMP@5, R@1) for a query of class 1.
    let cases: [([i64; 10], f64, f64); 5] = [
        ([0, 0, 1, 0, 0, 0, 0, 0, 0, 0], 0.0, 0.0), // n_q = 1: only the first neighbour counts.
        ([0, 1, 1, 0, 0, 1, 0, 0, 0, 0], 2.0 / 3.0, 0.0), // n_q = 3: of the first three, two.
        ([1, 0, 1, 1, 0, 1, 1, 0, 0, 0], 3.0 / 5.0, 1.0), // n_q = 5.
        ([1, 1, 1, 0, 1, 1, 1, 1, 0, 0], 4.0 / 5.0, 1.0), // n_q = 7: min(7, 5) = 5 places, four right.
        ([1, 0, 0, 0, 0, 0, 0, 0, 0, 0], 1.0, 1.0), // n_q = 1, found.
    ];
    for (labels, mmp, recall) in cases {
        index(&labels, None).write(&dir.path().join("i.safetensors")).unwrap();
        // The second query has class 9, which is not in the index: n_q = 0.
        side(&[0.0, 0.0], &[1, 9], None).write(&dir.path().join("q.safetensors")).unwrap();
        let report = scores(dir.path());
        assert!((report["overall"]["mMP@5"].as_f64().unwrap() - mmp).abs() < 1e-6, "{labels:?}: {report}");
        assert!((report["overall"]["R@1"].as_f64().unwrap() - recall).abs() < 1e-6, "{labels:?}: {report}");
        assert_eq!(
            (report["queries"].as_u64(), report["queries_without_relevant"].as_u64()),
            (Some(2), Some(1))
        );
    }
}

#[test]
fn domains_have_a_row_each_and_overall_is_the_mean_over_queries() {
    let dir = tempfile::tempdir().unwrap();
    index(&[1, 2, 2, 0, 0, 0, 0, 0, 0, 0], Some(&[0, 1, 1, 0, 0, 0, 0, 0, 0, 0]))
        .write(&dir.path().join("i.safetensors"))
        .unwrap();
    side(&[0.0, 0.0], &[1, 2], Some(&[0, 1])).write(&dir.path().join("q.safetensors")).unwrap();
    let report = scores(dir.path());
    assert_eq!(report["domains"]["cars"]["mMP@5"], 1.0);
    assert_eq!(report["domains"]["food"]["mMP@5"], 0.5); // Places 0 and 1 count, place 1 is right.
    assert_eq!(report["overall"]["mMP@5"], 0.75);
}

#[test]
fn an_index_without_domains_is_one_index_for_all_of_them() {
    let dir = tempfile::tempdir().unwrap();
    // The nearest row is of class 2: wrong for the car, right for the dish, whatever its domain may be.
    index(&[2, 1, 2, 0, 0, 0, 0, 0, 0, 0], None).write(&dir.path().join("i.safetensors")).unwrap();
    side(&[0.0, 0.0], &[1, 2], Some(&[0, 1])).write(&dir.path().join("q.safetensors")).unwrap();
    let report = scores(dir.path());
    let of =
        |domain: &str| (report["domains"][domain]["mMP@5"].clone(), report["domains"][domain]["R@5"].clone());
    assert_eq!(of("cars"), (0.0.into(), 1.0.into()));
    assert_eq!(of("food"), (0.5.into(), 1.0.into()));
    assert_eq!(report["overall"]["R@1"], 0.5);
    // A search within each domain has none to go by.
    let message = error(dir.path(), "evaluate --query q.safetensors --index i.safetensors --separate");
    assert!(message.contains("the index has no domains"), "{message}");
}

#[test]
fn k_has_a_short_and_a_long_name() {
    let dir = tempfile::tempdir().unwrap();
    index(&[0, 1, 1, 0, 0, 0, 0, 0, 0, 0], None).write(&dir.path().join("q.safetensors")).unwrap();
    let short = json(dir.path(), "evaluate --query q.safetensors -k 2");
    assert_eq!(short, json(dir.path(), "evaluate --query q.safetensors --k 2"));
    assert!(short["overall"]["mMP@2"].is_number() && short["overall"]["mMP@5"].is_null(), "{short}");
    let table = ok(dir.path(), "evaluate --query q.safetensors -k 2");
    for (name, _) in short["overall"].as_object().unwrap() {
        assert!(table.contains(name.as_str()), "{name} is not in the table:\n{table}");
    }
}

#[test]
fn lengths_of_the_embeddings_do_not_matter() {
    let dir = tempfile::tempdir().unwrap();
    let mut long = index(&[1, 0, 0, 0, 0, 0, 0, 0, 0, 0], None);
    long.values[18] *= 50.0; // The last row is long, not near.
    long.values[19] *= 50.0;
    long.write(&dir.path().join("i.safetensors")).unwrap();
    side(&[0.0], &[1], None).write(&dir.path().join("q.safetensors")).unwrap();
    assert_eq!(scores(dir.path())["overall"]["R@1"], 1.0);
}

#[test]
fn files_that_cannot_be_scored_are_named() {
    let dir = tempfile::tempdir().unwrap();
    index(&[0; 10], None).write(&dir.path().join("i.safetensors")).unwrap();
    let mut unlabelled = side(&[0.0], &[1], None);
    unlabelled.labels = None;
    unlabelled.write(&dir.path().join("q.safetensors")).unwrap();
    let line = "evaluate --query q.safetensors --index i.safetensors --json";
    let message = error(dir.path(), line);
    assert!(message.contains("q.safetensors") && message.contains("labels"), "{message}");
    let mut wide = side(&[0.0, 1.0, 2.0], &[1, 1, 1], None);
    (wide.dim, wide.labels) = (3, Some(vec![1, 1]));
    wide.write(&dir.path().join("q.safetensors")).unwrap();
    let message = error(dir.path(), line);
    assert!(message.contains("3 dimensions") && message.contains("i.safetensors of 2"), "{message}");
    assert!(error(dir.path(), "evaluate --query none.safetensors --json").contains("none.safetensors"));
    std::fs::write(dir.path().join("q.csv"), "path,label\na.png,1\n").unwrap();
    assert!(usage(dir.path(), "evaluate --query q.csv --json").contains("--model"));
}

/// Eight queries near the first rows of the index; how many find their class first is up to `shift`.
fn pair(dir: &Path, shift: f64) {
    let (labels, places): (Vec<i64>, Vec<f64>) =
        (0..40).map(|row| ((row / 4) as i64, f64::from(row) * 4.0)).unzip();
    side(&places, &labels, None).write(&dir.join("i.safetensors")).unwrap();
    let queries: Vec<f64> =
        (0..40).map(|row| f64::from(row) * 4.0 + if row % 3 == 0 { shift } else { 0.5 }).collect();
    let domains: Vec<i64> = (0..40).map(|row| row % 2).collect();
    side(&queries, &labels, Some(&domains)).write(&dir.join("q.safetensors")).unwrap();
}

#[test]
fn scores_come_with_intervals_metrics_by_name_and_a_line_for_each_query() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    pair(dir, 3.0);
    let line = "evaluate --query q.safetensors --index i.safetensors";
    let report = json(dir, &format!("{line} --metrics mAP,R@1,R-precision,NDCG@3 --per-query new/all.jsonl"));
    let names: Vec<&String> = report["overall"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["mAP", "R@1", "R-precision", "NDCG@3"]);
    let (low, high) = (&report["intervals"]["overall"]["mAP"][0], &report["intervals"]["overall"]["mAP"][1]);
    let mean = report["overall"]["mAP"].as_f64().unwrap();
    assert!(low.as_f64().unwrap() < mean && mean < high.as_f64().unwrap(), "{report}");
    assert!(
        report["mean_of_domains"]["mAP"].is_f64() && report["intervals"]["domains"]["cars"]["mAP"].is_array()
    );
    // The lines' means are the report's.
    let lines: Vec<serde_json::Value> = std::fs::read_to_string(dir.join("new/all.jsonl"))
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!((lines.len(), lines[0]["neighbours"].as_array().unwrap().len()), (40, 3));
    let of_lines = lines.iter().map(|line| line["scores"]["mAP"].as_f64().unwrap()).sum::<f64>() / 40.0;
    assert!((of_lines - mean).abs() < 1e-12);
    // No draws, no intervals; other draws, other intervals.
    assert!(json(dir, &format!("{line} --resamples 0")).get("intervals").is_none());
    let other = json(dir, &format!("{line} --metrics mAP --seed 1"));
    assert_ne!(other["intervals"]["overall"]["mAP"], report["intervals"]["overall"]["mAP"]);
    let text = ok(dir, line);
    assert!(text.contains("95 % interval, from") && text.contains("mean of domains"), "{text}");
    let message = usage(dir, &format!("{line} --metrics mAP,rank"));
    assert!(message.contains("unknown metric `rank`") && message.contains("R-precision"), "{message}");
}

#[test]
fn two_results_are_compared_query_by_query() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let line = "evaluate --query q.safetensors --index i.safetensors";
    pair(dir, 3.0);
    ok(dir, &format!("{line} --per-query worse.jsonl"));
    pair(dir, 0.5);
    let found = json(dir, &format!("{line} --against worse.jsonl"));
    let difference = &found["against"]["overall"]["R@1"];
    assert_eq!(
        (&difference["worse"], difference["better"].as_u64() > Some(0)),
        (&0.into(), true),
        "{difference}"
    );
    assert!(
        difference["difference"].as_f64() > Some(0.0) && difference["p_value"].as_f64() < Some(0.5),
        "{difference}"
    );
    assert!(found["against"]["domains"]["cars"]["mMP@5"]["queries"] == 20, "{found}");
    let text = ok(dir, &format!("{line} --against worse.jsonl"));
    assert!(text.contains("against worse.jsonl: this result less that one"), "{text}");
    // Other queries are refused before anything is written, and so is a file that is no result.
    side(&[0.0], &[1], None).write(&dir.join("one.safetensors")).unwrap();
    let other = "evaluate --query one.safetensors --index i.safetensors --per-query no.jsonl";
    assert!(
        error(dir, &format!("{other} --against worse.jsonl"))
            .contains("worse.jsonl is of 40 queries, here are 1")
    );
    std::fs::write(dir.join("half.jsonl"), "{\"query\":").unwrap();
    let message = error(dir, &format!("{other} --against half.jsonl"));
    assert!(message.contains("half.jsonl line 1: this is no query"), "{message}");
    assert!(!dir.join("no.jsonl").exists());
}

#[test]
fn protocols_and_the_open_set() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    pair(dir, 3.0);
    let line = "evaluate --query q.safetensors --index i.safetensors";
    let guiec = json(dir, &format!("{line} --protocol guiec"));
    assert_eq!(guiec["overall"].as_object().unwrap().keys().collect::<Vec<_>>(), ["mMP@5"]);
    let uned = json(dir, &format!("{line} --protocol uned"));
    assert_eq!(uned["overall"].as_object().unwrap().keys().collect::<Vec<_>>(), ["R@1", "mMP@5"]);
    assert!(usage(dir, &format!("{line} --protocol uned --metrics mAP")).contains("--protocol"));
    // By distance a long row is far, by cosine it is not: the nearest to (2, 0) is (2.5, 0) or the first of one direction.
    let rows = |values: &[f32], labels: &[i64]| Embeddings {
        values: values.to_vec(),
        dim: 2,
        labels: Some(labels.to_vec()),
        ..Embeddings::default()
    };
    rows(&[9.0, 0.1, 2.5, 0.3], &[1, 2]).write(&dir.join("i.safetensors")).unwrap();
    rows(&[2.0, 0.0], &[2]).write(&dir.join("q.safetensors")).unwrap();
    let first = |more: &str| json(dir, &format!("{line} --metrics R@1 {more}"))["overall"]["R@1"].clone();
    assert_eq!((first(""), first("--similarity l2")), (0.0.into(), 1.0.into()));
    // Of four queries at 0, 1, 2 and 30 degrees the last has no match; all others are right.
    side(&[0.0, 1.0, 2.0, 80.0], &[0, 1, 2, 7], None).write(&dir.join("q.safetensors")).unwrap();
    side(&[0.0, 1.0, 2.0, 50.0], &[0, 1, 2, 3], None).write(&dir.join("i.safetensors")).unwrap();
    let open = json(dir, &format!("{line} --open-set"));
    let found = &open["open_set"];
    assert_eq!(
        (&found["precision"], &found["answered"], &found["recall"]),
        (&1.0.into(), &0.75.into(), &1.0.into())
    );
    assert!(found["score"].as_f64() > Some(0.999), "{found}");
    assert!(
        ok(dir, &format!("{line} --open-set 0.7")).contains("match threshold: cosine >= "),
        "a lower precision"
    );
    assert!(usage(dir, &format!("{line} --open-set 1.5")).contains("1.5 is not between 0 and 1"));
    side(&[0.0], &[9], None).write(&dir.join("q.safetensors")).unwrap();
    assert!(json(dir, &format!("{line} --open-set"))["open_set"].is_null());
}
