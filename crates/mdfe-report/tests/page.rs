//! The page, read back as its script reads it.
// Helpers of tests may fail as loudly as the tests.
#![allow(clippy::unwrap_used)]

use mdfe_eval::{Bootstrap, Domains, Evaluation, Report, Retrieval, Rows, Scores};
use mdfe_report::{Curve, Described, Error, Fact, ImageSource, Page, Retrieved, ScoredBy, Wanted};
use serde_json::Value;
use std::sync::Mutex;

/// Images of a given size, and which were asked for.
struct Images {
    bytes: usize,
    asked: Mutex<Vec<Wanted>>,
}

impl Images {
    fn of(bytes: usize) -> Self {
        Self { bytes, asked: Mutex::default() }
    }
}

impl ImageSource for Images {
    fn jpegs(&self, wanted: &[Wanted]) -> Vec<Option<Vec<u8>>> {
        self.asked.lock().unwrap().extend(wanted.iter().cloned());
        wanted.iter().map(|wanted| (wanted.path != "lost.jpg").then(|| vec![b'x'; self.bytes])).collect()
    }
}

/// Queries and index rows on a line; a row's place is its embedding.
struct Line {
    query: Vec<f32>,
    index: Vec<f32>,
    query_labels: Vec<i64>,
    index_labels: Vec<i64>,
}

impl Line {
    fn scores(&self) -> Scores {
        let names = self.query_labels.iter().map(|label| if label % 2 == 0 { "even" } else { "odd" });
        let domains = Domains::from_names(names);
        let side = |embeddings, labels, domains| Retrieval {
            embeddings: Rows::new(embeddings, 1).unwrap(),
            labels,
            domains,
        };
        let evaluation = Evaluation { similarity: mdfe_eval::Similarity::SquaredL2, ..Evaluation::default() };
        let query = side(&self.query, &self.query_labels, Some(&domains));
        evaluation.scores(query, side(&self.index, &self.index_labels, None)).unwrap()
    }

    fn retrieved<'a>(&'a self, scores: &'a Scores) -> Retrieved<'a> {
        let described = |side: &str, labels: &[i64]| -> Vec<Described> {
            let describe = |(row, label): (usize, &i64)| Described {
                path: format!("{side}/{row}.jpg"),
                label: Some(format!("<class {label}>")),
                domain: Some(if label % 2 == 0 { "even" } else { "odd" }.into()),
            };
            labels.iter().enumerate().map(describe).collect()
        };
        let report =
            Report::with_intervals(scores, &Bootstrap { resamples: 50, ..Bootstrap::default() }).unwrap();
        Retrieved {
            name: "line".into(),
            about: "On a line.".into(),
            query: described("query", &self.query_labels),
            index: Some(described("index", &self.index_labels)),
            compared: vec![ScoredBy { name: "1-d".into(), report }],
            embeddings: Some(Rows::new(&self.query, 1).unwrap()),
            scores,
        }
    }
}

fn page(set: Retrieved<'_>) -> Page<'_> {
    Page {
        title: "A <title> & {{data}}".into(),
        facts: vec![Fact { name: "model".into(), value: "</script><script>alert(1)</script>".into() }],
        sets: vec![set],
        curves: vec![Curve {
            name: "loss".into(),
            points: (0..5000).map(|step| (step, step as f64)).collect(),
        }],
        appendix: vec![Fact { name: "config.toml".into(), value: "name = \"{{style}}\"".into() }],
    }
}

/// The data of a page, and what is around it.
fn read(html: &str) -> (Value, String) {
    let (before, rest) = html.split_once("<script type=\"application/json\" id=\"data\">").unwrap();
    let (data, after) = rest.split_once("</script>").unwrap();
    (serde_json::from_str(data).unwrap(), format!("{before}{after}"))
}

/// Query 0 finds its class; query 1 of class 2 lies among five of class 3; query 2 has nothing relevant.
fn line() -> Line {
    Line {
        query: vec![0.0, 10.0, 20.0],
        index: vec![0.1, 0.2, 10.1, 10.2, 10.3, 10.4, 10.5, 30.0],
        query_labels: vec![1, 2, 9],
        index_labels: vec![1, 1, 3, 3, 3, 3, 3, 2],
    }
}

#[test]
fn a_page_holds_scores_cards_confusions_suspects_map_and_curves() {
    let line = line();
    let scores = line.scores();
    let images = Images::of(300);
    let page = page(line.retrieved(&scores));
    let html = page.html(&images).unwrap();
    assert_eq!(html, page.html(&Images::of(300)).unwrap(), "the same bytes");
    let (data, around) = read(&html);
    let set = &data["sets"][0];
    assert_eq!(set["scored"][0]["overall"]["R@1"], 0.5);
    assert_eq!(set["scored"][0]["intervals"]["overall"]["R@1"].as_array().unwrap().len(), 2);
    assert_eq!(set["scored"][0]["domains"]["even"]["R@1"], 0.0);
    let hardest = set["cards"]["hardest"].as_array().unwrap();
    assert_eq!(hardest.len(), 2, "queries with something relevant");
    assert_eq!(
        (&hardest[0]["path"], hardest[0]["neighbours"].as_array().unwrap().len()),
        (&"query/1.jpg".into(), 5)
    );
    assert_eq!(hardest[1]["neighbours"][0]["relevant"], true);
    let confusion = &set["confusions"][0];
    assert_eq!(
        (&confusion["query"]["label"], &confusion["found"]["label"]),
        (&"<class 2>".into(), &"<class 3>".into())
    );
    assert_eq!((&confusion["count"], &confusion["queries"]), (&1.into(), &1.into()));
    assert_eq!(set["suspects"]["labels"][0]["query"]["path"], "query/1.jpg");
    let right: Vec<&Value> =
        set["map"]["points"].as_array().unwrap().iter().map(|point| &point["right"]).collect();
    assert_eq!(right, [&Value::Bool(true), &Value::Bool(false), &Value::Null]);
    assert_eq!(data["curves"][0]["points"].as_array().unwrap().len(), 556, "5000 points in groups of nine");
    // Each image once in each size; the fingerprint of a page is what is in it, and nothing of that is HTML.
    let asked = images.asked.into_inner().unwrap();
    assert_eq!(asked.iter().collect::<std::collections::HashSet<_>>().len(), asked.len());
    assert!(around.contains("<title>A &lt;title&gt; &amp; {{data}}</title>"), "{around}");
    assert!(!html.contains("<script>alert") && !html.contains("<class"));
    assert_eq!(data["appendix"][0]["value"], "name = \"{{style}}\"");
    for outside in ["http://", "https://", "src=\"/", "@import", "fetch("] {
        let found = around.replace("http://www.w3.org/2000/svg", "");
        assert!(!found.contains(outside), "the page asks for {outside}");
    }
}

#[test]
fn a_page_of_many_large_images_stays_under_fifteen_megabytes() {
    let count = 5000;
    let line = Line {
        query: (0..count).map(|row| row as f32).collect(),
        index: (0..count).map(|row| row as f32 + 0.25).collect(),
        query_labels: (0..count).map(|row| row % 50).collect(),
        index_labels: (0..count).map(|row| (row / 2) % 50).collect(),
    };
    let scores = line.scores();
    let html = page(line.retrieved(&scores)).html(&Images::of(12_000)).unwrap();
    assert!(html.len() < 15_000_000, "{} bytes", html.len());
    let (data, _) = read(&html);
    let images = data["thumbnails"].as_array().unwrap();
    let first = images.iter().position(Value::is_null).unwrap();
    assert!(
        first > 500 && images[first..].iter().all(Value::is_null),
        "{first}: images end, the page goes on"
    );
    assert_eq!(data["sets"][0]["cards"]["random"].as_array().unwrap().len(), 48);
    let points = data["sets"][0]["map"]["points"].as_array().unwrap();
    assert_eq!(points.len(), 2500);
}

#[test]
fn an_image_that_is_gone_is_shown_as_such_and_rows_must_be_described() {
    let line = line();
    let scores = line.scores();
    let mut set = line.retrieved(&scores);
    set.query[0].path = "lost.jpg".into();
    let (data, _) = read(&page(set).html(&Images::of(30)).unwrap());
    let image = |card: &Value| data["thumbnails"][card["image"].as_u64().unwrap() as usize].clone();
    let hardest = &data["sets"][0]["cards"]["hardest"];
    assert!(image(&hardest[1]).is_null() && image(&hardest[0]).is_string());
    let mut set = line.retrieved(&scores);
    set.query.pop();
    assert!(matches!(
        page(set).html(&()),
        Err(Error::Length { what: "described queries", got: 2, rows: 3, .. })
    ));
    let mut set = line.retrieved(&scores);
    set.index = Some(Vec::new());
    assert!(matches!(page(set).html(&()), Err(Error::Length { what: "described index rows", got: 0, .. })));
}

#[test]
fn a_page_is_written_whole_or_not_at_all() {
    let dir = tempfile::tempdir().unwrap();
    let (line, path) = (line(), dir.path().join("new/report.html"));
    let scores = line.scores();
    let page = page(line.retrieved(&scores));
    page.write(&path, &()).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), page.html(&()).unwrap());
    assert_eq!(std::fs::read_dir(dir.path().join("new")).unwrap().count(), 1);
    let error = page.write(&path.join("below.html"), &()).unwrap_err().to_string();
    assert!(error.starts_with("cannot write ") && error.contains("below.html"), "{error}");
}
