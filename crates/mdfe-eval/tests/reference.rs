//! Neighbours and reports against `tests/reference/eval/generate.py` (numpy and faiss, f64).
// Helpers of tests may fail as loudly as the tests.
#![allow(clippy::unwrap_used)]

use mdfe_eval::{
    Domains, Evaluation, Exclude, IndexScope, Knn, Neighbours, Report, Retrieval, Rows, Similarity,
};
use serde_json::Value;

struct Fixture {
    all: Value,
    query: Vec<f32>,
    index: Vec<f32>,
    dim: usize,
}

fn fixture() -> Fixture {
    let all: Value =
        serde_json::from_str(include_str!("../../../tests/reference/eval/retrieval.json")).unwrap();
    let floats = |key: &str| ints(&all[key]).iter().map(|&v| v as f32 / 64.0).collect();
    Fixture {
        query: floats("query"),
        index: floats("index"),
        dim: all["dim"].as_u64().unwrap() as usize,
        all,
    }
}

fn ints(value: &Value) -> Vec<i64> {
    value.as_array().unwrap().iter().map(|v| v.as_i64().unwrap()).collect()
}

fn domains(value: &Value) -> Domains {
    Domains::from_names(value.as_array().unwrap().iter().map(|v| v.as_str().unwrap()))
}

fn ids(neighbours: &Neighbours) -> Vec<Vec<i64>> {
    neighbours.rows().map(|row| row.iter().map(|n| i64::from(n.id)).collect()).collect()
}

fn expected_ids(value: &Value) -> Vec<Vec<i64>> {
    value.as_array().unwrap().iter().map(ints).collect()
}

#[test]
fn neighbours_are_those_of_numpy_with_ties_in_id_order() {
    let f = fixture();
    let (query, index) = (Rows::new(&f.query, f.dim).unwrap(), Rows::new(&f.index, f.dim).unwrap());
    for (similarity, key) in [(Similarity::InnerProduct, "ip_ids"), (Similarity::SquaredL2, "l2_ids")] {
        let found = Knn { similarity, ..Knn::default() }.search(query, index).unwrap();
        assert_eq!(ids(&found), expected_ids(&f.all[key]), "{key}");
    }
    let found = Knn { exclude: Exclude::SameRow, ..Knn::default() }.search(index, index).unwrap();
    assert_eq!(ids(&found), expected_ids(&f.all["leave_one_out_ids"]));
}

/// The values are means of at most 150 sums of a few fractions, in f64 on both sides; only the order of additions may differ.
const TOLERANCE: f64 = 1e-14;

fn assert_report(report: &Report, expected: &Value) {
    let ours = serde_json::to_value(report).unwrap();
    assert_eq!(ours["queries"], expected["queries"]);
    assert_eq!(ours["queries_without_relevant"], expected["queries_without_relevant"]);
    let close = |ours: &Value, theirs: &Value, what: &str| {
        let (ours, theirs) = (ours.as_object().unwrap(), theirs.as_object().unwrap());
        assert_eq!(ours.keys().collect::<Vec<_>>(), theirs.keys().collect::<Vec<_>>(), "{what}");
        for (name, value) in ours {
            match (value.as_f64(), theirs[name].as_f64()) {
                (Some(a), Some(b)) => assert!((a - b).abs() <= TOLERANCE, "{what} {name}: {a} is not {b}"),
                (a, b) => assert_eq!(a, b, "{what} {name}"),
            }
        }
    };
    close(&ours["overall"], &expected["overall"], "overall");
    assert_eq!(ours.as_object().unwrap().len(), 4);
    let domains = expected["domains"].as_object().unwrap();
    let names: Vec<_> = ours["domains"].as_object().unwrap().keys().collect();
    assert_eq!(names, domains.keys().collect::<Vec<_>>());
    for (name, metrics) in domains {
        close(&ours["domains"][name], metrics, name);
    }
}

#[test]
fn reports_are_those_of_plain_loops() {
    let f = fixture();
    let (query_labels, index_labels) = (ints(&f.all["query_labels"]), ints(&f.all["index_labels"]));
    let (query_domains, index_domains) = (domains(&f.all["query_domains"]), domains(&f.all["index_domains"]));
    let query = Retrieval {
        embeddings: Rows::new(&f.query, f.dim).unwrap(),
        labels: &query_labels,
        domains: Some(&query_domains),
    };
    let index = Retrieval {
        embeddings: Rows::new(&f.index, f.dim).unwrap(),
        labels: &index_labels,
        domains: Some(&index_domains),
    };
    assert_report(&Evaluation::default().run(query, index).unwrap(), &f.all["merged"]);
    let separate = Evaluation { scope: IndexScope::PerDomain, ..Evaluation::default() };
    assert_report(&separate.run(query, index).unwrap(), &f.all["per_domain"]);
    assert_report(&Evaluation::leave_one_out().run(index, index).unwrap(), &f.all["leave_one_out"]);
}
