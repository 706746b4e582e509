//! What a sweep is worth: means and spreads over the seeds.

use super::{Combination, SkippedCombination, csv, markdown, plot};
use crate::{Error, Result, files};
use serde::Serialize;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// The name under which the mean of several test sets stands.
pub(super) const MEAN: &str = "mean";

/// The scores of a sweep: `sweep.json`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// `mdfe-sweep-1`.
    pub format: String,
    /// The experiment's name.
    pub name: String,
    /// k of mMP@k.
    pub k: usize,
    /// The keys that vary.
    pub keys: Vec<String>,
    /// Runs of each combination.
    pub seeds: usize,
    /// The scores of the backbone's features themselves, which are the same for every run.
    pub raw: Vec<Score>,
    /// The combinations, in the order of the grid.
    pub rows: Vec<Row>,
    /// The combinations that the experiment does not take.
    pub skipped: Vec<SkippedCombination>,
    /// The runs that failed.
    pub failed: Vec<FailedRun>,
}

/// A combination and what it is worth.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// The combination.
    pub settings: Combination,
    /// Its finished runs.
    pub runs: Vec<SummaryRun>,
    /// The scores of the trained embedding over these runs; empty where all failed.
    pub scores: Vec<Score>,
}

/// A finished run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SummaryRun {
    /// Its `train.seed`.
    pub seed: u64,
    /// Its folder, relative to the sweep's.
    pub dir: PathBuf,
}

/// A run that failed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FailedRun {
    /// Its combination.
    pub settings: Combination,
    /// Its `train.seed`.
    pub seed: u64,
    /// Its folder, relative to the sweep's.
    pub dir: PathBuf,
    /// Why, in a sentence.
    pub reason: String,
}

/// A metric over the seeds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Score {
    /// The test set, or `mean` for the mean of several.
    pub set: String,
    /// The domain; `None` for the whole set.
    pub domain: Option<String>,
    /// Its name, such as `mMP@5`.
    pub metric: String,
    /// The value of each run.
    pub values: Vec<f64>,
    /// Their mean.
    pub mean: f64,
    /// Their sample standard deviation (n - 1); `None` for one run.
    pub spread: Option<f64>,
}

/// A metric of one run.
#[derive(Clone, Debug, PartialEq)]
struct OneScore {
    set: String,
    domain: Option<String>,
    metric: String,
    value: f64,
}

impl Score {
    fn new(of: &OneScore, values: Vec<f64>) -> Self {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let spread = (values.len() > 1).then(|| (squares / (n - 1.0)).sqrt());
        let OneScore { set, domain, metric, .. } = of.clone();
        Self { set, domain, metric, values, mean, spread }
    }

    /// The scores over several `scores.json`, in the order of the first.
    ///
    /// A metric that a run does not have, because no query of the domain could be scored, is left out of its mean.
    pub fn over(runs: &[Value], embedding: &str) -> Vec<Self> {
        let runs: Vec<Vec<OneScore>> = runs.iter().map(|scores| flat(scores, embedding)).collect();
        let Some(first) = runs.first() else { return Vec::new() };
        let same =
            |a: &OneScore, b: &OneScore| a.set == b.set && a.domain == b.domain && a.metric == b.metric;
        let over = |of: &OneScore| {
            let values = runs.iter().filter_map(|run| run.iter().find(|one| same(one, of)));
            Self::new(of, values.map(|one| one.value).collect())
        };
        first.iter().map(over).collect()
    }
}

/// The scores of an embedding in a `scores.json`, one after the other.
fn flat(scores: &Value, embedding: &str) -> Vec<OneScore> {
    let mut found = Vec::new();
    let mut add = |set: &str, domain: Option<&str>, metrics: &Value| {
        for (metric, value) in metrics.as_object().into_iter().flatten() {
            if let Some(value) = value.as_f64() {
                let (set, domain) = (set.to_owned(), domain.map(str::to_owned));
                found.push(OneScore { set, domain, metric: metric.clone(), value });
            }
        }
    };
    for set in scores["sets"].as_array().into_iter().flatten() {
        let name = set["name"].as_str().unwrap_or_default();
        add(name, None, &set[embedding]["overall"]);
        for (domain, metrics) in set[embedding]["domains"].as_object().into_iter().flatten() {
            add(name, Some(domain), metrics);
        }
    }
    add(MEAN, None, &scores[MEAN][embedding]);
    found
}

impl Row {
    /// A score of the row.
    pub fn score(&self, set: &str, domain: Option<&str>, metric: &str) -> Option<&Score> {
        find(&self.scores, set, domain, metric)
    }
}

/// A score among others.
pub(super) fn find<'s>(
    scores: &'s [Score],
    set: &str,
    domain: Option<&str>,
    metric: &str,
) -> Option<&'s Score> {
    scores
        .iter()
        .find(|score| score.set == set && score.domain.as_deref() == domain && score.metric == metric)
}

impl Summary {
    /// The format that this build writes.
    pub const FORMAT: &str = "mdfe-sweep-1";
    /// The files that [`Summary::write`] writes.
    pub const FILES: [&str; 4] = ["sweep.json", "sweep.md", "sweep.csv", "sweep.svg"];

    /// The test sets in order; the mean of several last.
    pub(super) fn sets(&self) -> Vec<&str> {
        let scores = self.rows.iter().map(|row| &row.scores).max_by_key(|scores| scores.len());
        let mut sets = Vec::new();
        for score in scores.into_iter().flatten() {
            if !sets.contains(&score.set.as_str()) {
                sets.push(&score.set);
            }
        }
        sets
    }

    /// The set that stands for all: the mean, or the only one.
    pub(super) fn headline(&self) -> &str {
        self.sets().last().copied().unwrap_or_default()
    }

    /// The table as Markdown.
    pub fn markdown(&self) -> String {
        markdown::markdown(self)
    }

    /// Writes `sweep.json`, `sweep.md`, `sweep.csv` and `sweep.svg` into `dir`.
    ///
    /// # Errors
    /// [`Error::Store`] when a file can't be written, [`Error::Curve`] when the plot can't be drawn.
    pub fn write(&self, dir: &Path) -> Result<()> {
        let [json, table, csv, svg] = Self::FILES.map(|name| dir.join(name));
        let text = serde_json::to_string_pretty(self).map_err(|e| Error::io("write", &json)(e.into()))?;
        files::write(&json, format!("{text}\n").as_bytes())?;
        files::write(&table, self.markdown().as_bytes())?;
        files::write(&csv, csv::csv(self).as_bytes())?;
        let drawn = plot::svg(self).map_err(|e| Error::Curve { path: svg.clone(), reason: e.to_string() })?;
        files::write(&svg, drawn.as_bytes())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use serde_json::json;

    fn scores(base: f64) -> Value {
        let metrics = |x: f64| json!({"mMP@5": x, "R@1": x + 0.25});
        let set = |name: &str, x: f64| {
            json!({"name": name, "raw": {"overall": metrics(0.125)}, "trained":
                {"overall": metrics(x), "domains": {"food, fresh": metrics(x / 2.0), "empty": {"mMP@5": null}}, "queries": 7}})
        };
        json!({"sets": [set("one", base), set("two", base + 0.5)], "mean": {"trained": metrics(base + 0.25), "raw": metrics(0.125)}})
    }

    /// Two combinations of three and two runs, a skipped one and a failure.
    pub(crate) fn summary() -> Summary {
        let combination = |text: &str| {
            let axis = text.parse().unwrap();
            super::super::Grid::new(vec![axis]).unwrap().combinations().remove(0)
        };
        let row = |name: &str, bases: &[f64]| {
            let all: Vec<Value> = bases.iter().map(|&base| scores(base)).collect();
            let run =
                |seed: usize| SummaryRun { seed: seed as u64, dir: format!("runs/{name}-{seed}").into() };
            Row {
                settings: combination(&format!("loss.name={name}")),
                runs: (0..bases.len()).map(run).collect(),
                scores: Score::over(&all, "trained"),
            }
        };
        let failed = FailedRun {
            settings: combination("loss.name=Cos|Face"),
            seed: 2,
            dir: "runs/x".into(),
            reason: "it diverged".into(),
        };
        let reason = "it takes no margin".to_owned();
        Summary {
            format: Summary::FORMAT.to_owned(),
            name: "toy".to_owned(),
            k: 5,
            keys: vec!["loss.name".to_owned()],
            seeds: 3,
            raw: Score::over(&[scores(0.0)], "raw"),
            rows: vec![row("ArcFace", &[0.1, 0.2, 0.4]), row("Cos|Face", &[0.3, 0.3])],
            skipped: vec![SkippedCombination { settings: combination("loss.name=None"), reason }],
            failed: vec![failed],
        }
    }

    #[test]
    fn mean_and_spread_are_those_of_pythons_statistics() {
        // statistics.mean([0.1, 0.2, 0.4]), statistics.stdev([0.1, 0.2, 0.4])
        let summary = summary();
        let score = summary.rows[0].score("one", None, "mMP@5").unwrap();
        assert_eq!(score.values, [0.1, 0.2, 0.4]);
        assert!((score.mean - 0.233_333_333_333_333_34).abs() < 1e-15);
        assert!((score.spread.unwrap() - 0.152_752_523_165_194_66).abs() < 1e-15);
        let domain = summary.rows[0].score("two", Some("food, fresh"), "R@1").unwrap();
        assert!((domain.mean - (0.6 + 0.7 + 0.9) / 6.0 - 0.25).abs() < 1e-12);
        assert_eq!(summary.rows[1].score("one", None, "mMP@5").unwrap().spread, Some(0.0));
        assert_eq!(summary.raw[0].spread, None);
        // A domain without a score has none.
        assert!(summary.rows[0].score("one", Some("empty"), "mMP@5").is_none());
        assert_eq!((summary.sets(), summary.headline()), (vec!["one", "two", "mean"], "mean"));
    }

    #[test]
    fn four_files_are_written_twice_alike() {
        let dir = tempfile::tempdir().unwrap();
        let read = || Summary::FILES.map(|name| std::fs::read(dir.path().join(name)).unwrap());
        summary().write(dir.path()).unwrap();
        let first = read();
        summary().write(dir.path()).unwrap();
        assert!(first == read() && first.iter().all(|file| !file.is_empty()));
        let json: Value = serde_json::from_slice(&first[0]).unwrap();
        assert_eq!(json["rows"][1]["settings"][0], json!({"key": "loss.name", "value": "Cos|Face"}));
        assert_eq!(json["failed"][0]["reason"], "it diverged");
    }
}
