//! Metrics computed by hand.
// Helpers of tests may fail as loudly as the tests.
#![allow(clippy::unwrap_used)]

use mdfe_eval::{
    Error, Evaluation, Exclude, Metric, MultiLabel, QueryResult, Relevance, Retrieval, Rows, Sides,
    SingleLabel,
};

fn value(metric: &str, hits: &[bool], relevant: usize) -> f64 {
    metric.parse::<Metric>().unwrap().value(QueryResult { hits, relevant })
}

const T: bool = true;
const F: bool = false;

#[test]
fn modified_precision_stops_at_the_number_of_relevant_images() {
    // n_q = 1: only the first rank counts, a hit further down does not.
    assert_eq!(value("mMP@5", &[T, F, F, F, F], 1), 1.0);
    assert_eq!(value("mMP@5", &[F, T, F, F, F], 1), 0.0);
    // n_q = 3: two of the first three; the hit on rank 4 does not count.
    assert_eq!(value("mMP@5", &[T, F, T, T, F], 3), 2.0 / 3.0);
    // n_q = 5 and 7: all five ranks count, over 5.
    assert_eq!(value("mMP@5", &[T, F, T, T, F], 5), 3.0 / 5.0);
    assert_eq!(value("mMP@5", &[T, T, T, T, T], 7), 1.0);
    assert_eq!(value("mMP@5", &[T, T, T, T, F], 7), 4.0 / 5.0);
    // Another k: min(7, 2) = 2.
    assert_eq!(value("mMP@2", &[F, T, T, T, T], 7), 1.0 / 2.0);
}

#[test]
fn relatives_follow_their_formulas() {
    let hits = [F, T, F, T, T];
    assert_eq!(value("R@1", &hits, 3), 0.0);
    assert_eq!(value("R@5", &hits, 3), 1.0);
    assert_eq!(value("P@5", &hits, 3), 3.0 / 5.0);
    assert_eq!(value("P@5", &[T], 1), 1.0 / 5.0);
    // (1/2 + 2/4 + 3/5) / min(3, 5)
    assert!((value("mAP@5", &hits, 3) - 1.6 / 3.0).abs() < 1e-15);
    assert_eq!(value("mAP@1", &[T, F], 4), 1.0);
    assert_eq!(value("MRR@5", &hits, 3), 0.5);
    assert_eq!(value("MRR@1", &hits, 3), 0.0);
    assert_eq!(value("MRR@5", &[F; 5], 3), 0.0);
    // Of the first three, one; ranks beyond n_q count in mAP alone: (1/2 + 2/4 + 3/5) / 3.
    assert_eq!(value("R-precision", &hits, 3), 1.0 / 3.0);
    assert_eq!(value("mAP@R", &hits, 3), 0.5 / 3.0);
    assert!((value("mAP", &hits, 3) - 1.6 / 3.0).abs() < 1e-15);
    assert!((value("mAP", &hits, 4) - 1.6 / 4.0).abs() < 1e-15);
    // Hits on ranks 2 and 3 of three: (1/log2 3 + 1/2) / (1 + 1/log2 3 + 1/2); beyond k nothing counts.
    let log3 = 3f64.log2();
    assert!((value("NDCG@3", &[F, T, T, T], 3) - (1.0 / log3 + 0.5) / (1.5 + 1.0 / log3)).abs() < 1e-15);
    assert_eq!(value("NDCG@5", &[T, T], 2), 1.0);
}

#[test]
fn names_and_metrics_are_one_to_one() {
    for (metric, name) in Metric::all(7).into_iter().zip(Metric::NAMES) {
        assert_eq!(metric.to_string(), format!("{name}@7"));
        assert_eq!(metric.to_string().parse::<Metric>().unwrap(), metric);
        assert_eq!(metric.depth(), mdfe_eval::Depth::At(7));
        let readme = include_str!("../README.md");
        assert!(readme.contains(&format!("\n| `{name}@k`")), "README.md: no row for {name}@k");
        let error = "nDCG@5".parse::<Metric>().unwrap_err().to_string();
        assert!(error.contains(&format!("{name}@k")), "{error}");
    }
    for metric in Metric::WHOLE {
        let name = metric.to_string();
        assert_eq!(name.parse::<Metric>().unwrap(), metric);
        assert!(
            include_str!("../README.md").contains(&format!("\n| `{name}` |")),
            "README.md: no row for {name}"
        );
    }
    for name in ["mmp@5", "R", "R@", "R@-1", "nDCG@5", ""] {
        assert!(matches!(name.parse::<Metric>(), Err(Error::UnknownMetric { .. })), "{name}");
    }
    assert!(matches!("R@0".parse::<Metric>(), Err(Error::ZeroK { .. })));
}

#[test]
fn queries_without_a_relevant_image_are_counted_and_left_out() {
    // Leave-one-out on a line: row 2 is alone in its class, rows 0, 1 and 3 see each other.
    let data = [1.0, 0.0, 0.9, 0.1, 0.5, 0.5, 0.0, 1.0];
    let side = Retrieval { embeddings: Rows::new(&data, 2).unwrap(), labels: &[4, 4, 9, 4], domains: None };
    let report = Evaluation::leave_one_out().run(side, side).unwrap();
    assert_eq!((report.queries, report.queries_without_relevant), (4, 1));
    // n_q = 2. Row 0 finds 1, 2, 3: hits [1, 0, 1], mMP 1/2. Row 1 finds 0, 2, 3: 1/2. Row 3 finds 2, 1, 0: 1/2.
    assert_eq!(report.overall.get("mMP@5"), Some(&Some(0.5)));
    assert_eq!(report.overall.get("R@1"), Some(&Some(2.0 / 3.0)));
    assert_eq!(report.overall.get("R@5"), Some(&Some(1.0)));
}

#[test]
fn a_report_without_a_scored_query_has_nulls_and_no_nan() {
    let data = [1.0, 0.0];
    let side = |label| Retrieval { embeddings: Rows::new(&data, 2).unwrap(), labels: label, domains: None };
    let report = Evaluation::default().run(side(&[1]), side(&[2])).unwrap();
    assert_eq!((report.queries, report.queries_without_relevant), (1, 1));
    assert_eq!(serde_json::to_value(&report).unwrap()["overall"]["mMP@5"], serde_json::Value::Null);
    assert_eq!(report.to_string().lines().nth(1).unwrap().split_whitespace().last(), Some("-"));
}

#[test]
fn images_with_several_labels_match_on_any_of_them() {
    let relevance = MultiLabel::new(
        vec![vec!["cup", "plate"], vec![], vec!["fork"]],
        vec![vec!["plate", "cup"], vec!["cup"], vec!["spoon"]],
    );
    assert_eq!((0..3).map(|q| relevance.count(q)).collect::<Vec<_>>(), [2, 0, 0]);
    assert!(relevance.relevant(0, 1) && !relevance.relevant(0, 2) && !relevance.relevant(1, 0));
    let rows = Rows::new(&[1.0, 0.9, 0.8], 1).unwrap();
    let report =
        Evaluation::default().run_with(Sides { query: rows, index: rows }, &relevance, None).unwrap();
    assert_eq!((report.queries, report.queries_without_relevant), (3, 2));
    assert_eq!(report.overall.get("mMP@5"), Some(&Some(1.0)));
}

#[test]
fn an_excluded_row_that_is_not_relevant_does_not_lower_the_count() {
    let rows = Rows::new(&[1.0, 0.9], 1).unwrap();
    let relevance = SingleLabel::new([1, 2], [1, 1]);
    let exclude = Exclude::Rows(vec![Some(0), Some(1)]);
    let report = Evaluation { exclude, ..Evaluation::default() }
        .run_with(Sides { query: rows, index: rows }, &relevance, None)
        .unwrap();
    // Query 0 loses its own row and finds row 1: n_q = 1. Query 1 has nothing relevant with or without row 1.
    assert_eq!(report.overall.get("mMP@5"), Some(&Some(1.0)));
    assert_eq!(report.queries_without_relevant, 1);
}
