//! Metrics of whole rankings, intervals, the paired test and match thresholds against `tests/reference/eval/scores.py` (scikit-learn,
//! pytorch-metric-learning and numpy).
// Helpers of tests may fail as loudly as the tests.
#![allow(clippy::unwrap_used)]

use mdfe_eval::{
    Bootstrap, Domains, Evaluation, Exclude, IndexScope, Interval, Metric, PairedTest, Report, Retrieval,
    Rows, Scores, Similarity,
};
use serde_json::Value;

struct Fixture {
    all: Value,
    query: Vec<f32>,
    index: Vec<f32>,
    query_labels: Vec<i64>,
    index_labels: Vec<i64>,
    domains: Domains,
}

fn doubles(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

impl Fixture {
    fn read() -> Self {
        let all: Value =
            serde_json::from_str(include_str!("../../../tests/reference/eval/scores.json")).unwrap();
        let floats = |key: &str| doubles(&all[key]).into_iter().map(|v| v as f32).collect();
        let labels = |key: &str| doubles(&all[key]).into_iter().map(|v| v as i64).collect();
        let names = all["query_domains"].as_array().unwrap().iter().map(|v| v.as_str().unwrap());
        Self {
            query: floats("query"),
            index: floats("index"),
            query_labels: labels("query_labels"),
            index_labels: labels("index_labels"),
            domains: Domains::from_names(names),
            all,
        }
    }

    fn dim(&self) -> usize {
        self.all["dim"].as_u64().unwrap() as usize
    }

    /// The queries' domains are known, the index is one for all.
    fn scores(&self, metrics: &str) -> Scores {
        let evaluation = Evaluation { metrics: Metric::list(metrics).unwrap(), ..Evaluation::default() };
        evaluation.scores(self.queries(), self.rows()).unwrap()
    }

    fn queries(&self) -> Retrieval<'_> {
        let embeddings = Rows::new(&self.query, self.dim()).unwrap();
        Retrieval { embeddings, labels: &self.query_labels, domains: Some(&self.domains) }
    }

    fn rows(&self) -> Retrieval<'_> {
        let embeddings = Rows::new(&self.index, self.dim()).unwrap();
        Retrieval { embeddings, labels: &self.index_labels, domains: None }
    }

    fn bootstrap(&self) -> Bootstrap {
        let number = |key: &str| self.all[key].as_u64().unwrap();
        Bootstrap { resamples: number("resamples") as usize, seed: number("seed"), ..Bootstrap::default() }
    }
}

/// Both sides compute in f64 from the same ranking; mAP@R comes from torch in f64 as well.
fn assert_near(what: &str, found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-9, "{what}: {found}, not {expected}");
}

#[test]
fn whole_rankings_are_those_of_scikit_learn_and_pytorch_metric_learning() {
    let fixture = Fixture::read();
    let scores = fixture.scores("mAP, NDCG@5,NDCG@20,R-precision,R@1,mAP@R,mAP");
    let report = Report::of(&scores).unwrap();
    let expected = fixture.all["overall"].as_object().unwrap();
    assert_eq!((report.overall.len(), expected.len()), (6, 6));
    for (name, value) in expected {
        assert_near(name, report.overall.get(name).unwrap().unwrap(), value.as_f64().unwrap());
    }
    for (query, expected) in scores.queries.iter().zip(fixture.all["queries"].as_array().unwrap()) {
        assert_eq!((query.relevant == 0, query.values.is_empty()), (expected.is_null(), expected.is_null()));
        expected.as_f64().inspect(|&expected| assert_near("mAP of a query", query.values[0], expected));
        assert_eq!(query.neighbours.len(), 20, "what the metrics at a k look at is kept");
    }
    // A ranking cut short can't be scored.
    let knn = mdfe_eval::Knn { k: 20, ..Default::default() };
    let found = knn.search(fixture.queries().embeddings, fixture.rows().embeddings).unwrap();
    let relevance = mdfe_eval::SingleLabel::new(fixture.query_labels.clone(), fixture.index_labels.clone());
    for (metric, fits) in [("mAP", false), ("R-precision", true), ("NDCG@21", false), ("NDCG@20", true)] {
        let metrics = &[metric.parse().unwrap()];
        let scoring = mdfe_eval::Scoring { metrics, relevance: &relevance, exclude: &Exclude::Nothing };
        assert_eq!(scoring.of(&found).is_ok(), fits, "{metric}");
    }
}

fn assert_interval(what: &str, found: Option<Interval>, expected: &Value) {
    let (found, expected) = (found.unwrap(), doubles(expected));
    assert_near(what, found.low, expected[0]);
    assert_near(what, found.high, expected[1]);
}

#[test]
fn intervals_are_those_of_numpy_on_the_same_draws_with_any_number_of_threads() {
    let fixture = Fixture::read();
    let scores = fixture.scores("mAP,R@1");
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| fixture.bootstrap().intervals(&scores))
    };
    let (found, other) = (run(1), run(3));
    assert_eq!(found, other);
    for (name, expected) in fixture.all["intervals"].as_object().unwrap() {
        let of = |intervals: &mdfe_eval::MetricIntervals| *intervals.get(name).unwrap();
        assert_interval(name, of(&found.overall), &expected["overall"]);
        assert_interval(name, of(&found.mean_of_domains), &expected["mean_of_domains"]);
        for domain in ["cars", "food"] {
            assert_interval(domain, of(found.domains.get(domain).unwrap()), &expected[domain]);
        }
    }
    let json = serde_json::to_value(&found).unwrap();
    assert_eq!(json["overall"]["R@1"][0], found.overall.get("R@1").unwrap().unwrap().low);
}

#[test]
fn the_paired_test_is_numpys_on_the_same_signs() {
    let fixture = Fixture::read();
    let expected = &fixture.all["paired"];
    let (first, second) = (doubles(&expected["first"]), doubles(&expected["second"]));
    let permutations = fixture.all["permutations"].as_u64().unwrap() as usize;
    let test = PairedTest { permutations, bootstrap: fixture.bootstrap() };
    let found = test.compare(first.iter().copied().zip(second.iter().copied())).unwrap();
    assert_near("difference", found.difference, expected["difference"].as_f64().unwrap());
    assert_near("p", found.p_value, expected["p_value"].as_f64().unwrap());
    assert_interval("difference", Some(found.interval), &expected["interval"]);
    assert_eq!(
        (found.better as u64, found.worse as u64),
        (expected["better"].as_u64().unwrap(), expected["worse"].as_u64().unwrap())
    );
    // The other way round it is the same test; a result against itself is no difference, and nothing is compared with nothing.
    let turned = test.compare(second.iter().copied().zip(first.iter().copied())).unwrap();
    assert_eq!((turned.p_value, turned.difference), (found.p_value, -found.difference));
    let same = test.compare(first.iter().map(|&v| (v, v))).unwrap();
    assert_eq!((same.p_value, same.difference, same.better), (1.0, 0.0, 0));
    assert_eq!(test.compare(std::iter::empty()), None);
    // Ten queries, all better by the same: of 2^10 signs two are as far, so that p is near 2/1024.
    let clear = PairedTest::default().compare((0..10).map(|_| (1.0, 0.5))).unwrap();
    assert!((clear.p_value - 2.0 / 1024.0).abs() < 1.5e-3, "{}", clear.p_value);
}

#[test]
fn match_thresholds_are_those_of_scikit_learns_curve() {
    let fixture = Fixture::read();
    let scores = fixture.scores("R@1");
    for (wanted, expected) in fixture.all["match"].as_object().unwrap() {
        let found = scores.match_threshold(wanted.parse().unwrap()).unwrap();
        assert!((f64::from(found.score) - expected["score"].as_f64().unwrap()).abs() < 1e-6, "{found:?}");
        assert_near("precision", found.precision, expected["precision"].as_f64().unwrap());
        assert_near("answered", found.answered, expected["answered"].as_f64().unwrap());
        assert_near("recall", found.recall.unwrap(), expected["recall"].as_f64().unwrap());
    }
    assert_eq!(scores.match_threshold(1.01), None);
    // By distance the least score comes first; two at one distance are answered together or not at all.
    let (query, index) = ([0.0, 4.0, 5.0, 9.0], [0.1, 4.5, 9.3]);
    let side = |values: &'static [f32], labels: &'static [i64]| Retrieval {
        embeddings: Rows::new(values, 1).unwrap(),
        labels,
        domains: None,
    };
    let query = side(Box::leak(Box::new(query)), &[1, 2, 9, 3]);
    let index = side(Box::leak(Box::new(index)), &[1, 2, 3]);
    let by_distance = Evaluation { similarity: Similarity::SquaredL2, ..Evaluation::default() };
    let scores = by_distance.scores(query, index).unwrap();
    let at = |precision| {
        scores.match_threshold(precision).map(|found| (found.score, found.answered, found.recall))
    };
    // Nearest: 0.01 right, 0.09 right, then 0.25 right and 0.25 wrong.
    let (score, answered, recall) = at(0.8).unwrap();
    assert!(
        (score - 0.09).abs() < 1e-5 && answered == 0.5 && recall == Some(2.0 / 3.0),
        "{score} {answered} {recall:?}"
    );
    let (score, answered, recall) = at(0.75).unwrap();
    assert!(score == 0.25 && answered == 1.0 && recall == Some(1.0), "{score} {answered} {recall:?}");
}

#[test]
fn rankings_of_few_queries_at_a_time_are_those_of_all() {
    // 6,000 x 6,000 whole rankings are more neighbours than are held at a time; leave one out and domains of their own must not notice.
    let rows = 6000;
    let values: Vec<f32> = (0..rows).map(|row| ((row * 7919) % rows) as f32).collect();
    let labels: Vec<i64> = (0..rows).map(|row| (row % 100) as i64).collect();
    let domains = Domains::from_names((0..rows).map(|row| ["cars", "food"][row % 2]));
    let side =
        Retrieval { embeddings: Rows::new(&values, 1).unwrap(), labels: &labels, domains: Some(&domains) };
    for scope in [IndexScope::Merged, IndexScope::PerDomain] {
        let evaluation = |metrics: &str| Evaluation {
            metrics: Metric::list(metrics).unwrap(),
            similarity: Similarity::SquaredL2,
            scope,
            ..Evaluation::leave_one_out()
        };
        let whole = evaluation("mAP,mMP@5,R-precision").scores(side, side).unwrap();
        let short = evaluation("mMP@5,R-precision").scores(side, side).unwrap();
        for (whole, short) in whole.queries.iter().zip(&short.queries) {
            assert_eq!((&whole.values[1..], whole.relevant), (&short.values[..], 59));
            assert_eq!(whole.neighbours, short.neighbours);
        }
    }
}

#[test]
fn a_table_shows_the_interval_below_the_mean() {
    let fixture = Fixture::read();
    let scores = fixture.scores("mAP,R@1");
    let report = Report::with_intervals(&scores, &fixture.bootstrap()).unwrap();
    let expected = doubles(&fixture.all["intervals"]["mAP"]["overall"]);
    let table = report.to_string();
    let row = |name: &str| {
        let line = table.lines().find(|line| line.starts_with(name)).unwrap();
        line[name.len()..].split_whitespace().next().unwrap().to_owned()
    };
    assert_eq!(row("overall"), format!("{:.4}", report.overall.get("mAP").unwrap().unwrap()));
    assert_eq!(row("95 % interval, from"), format!("{:.4}", expected[0]), "{table}");
    assert_eq!(row("95 % interval, to"), format!("{:.4}", expected[1]), "{table}");
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["intervals"]["overall"]["mAP"].as_array().unwrap().len(), 2);
    assert!(serde_json::to_value(Report::of(&scores).unwrap()).unwrap().get("intervals").is_none());
}
