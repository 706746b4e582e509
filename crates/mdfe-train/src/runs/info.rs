//! What a run folder says of its run.

use crate::{
    Error, Result,
    pipeline::{RunRecord, RunState},
    run_log::last_report,
};
use serde::Serialize;
use serde_json::{Map, Value};
use std::{
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

/// A run in a line.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunInfo {
    /// The run folder.
    pub dir: PathBuf,
    /// Name of the experiment.
    pub name: String,
    /// Whether it is finished.
    pub state: RunState,
    /// Steps done.
    pub step: usize,
    /// Steps of the whole training; `None` before the first.
    pub total_steps: Option<usize>,
    /// Samples per second, as the last step reported it; `None` before the first.
    pub samples_per_s: Option<f64>,
    /// The backbone's name.
    pub backbone: String,
    /// The loss's name.
    pub loss: String,
    /// The scores of the trained embedding by name: the mean of the test sets, or the only one's; empty without.
    pub scores: Map<String, Value>,
    /// The k that mMP@k is shown for.
    pub k: u64,
    /// When it was last written to: seconds since 1970.
    pub date: u64,
}

impl RunInfo {
    /// Reads the run in `dir`.
    ///
    /// # Errors
    /// [`Error::RunFolder`] where there is no run that this build reads, [`Error::Io`] and [`Error::Data`] for files of it that can't be read.
    pub fn read(dir: &Path) -> Result<Self> {
        let record = record(dir)?;
        let text = |section: &str| {
            let name = record.experiment[section]["name"].as_str();
            name.unwrap_or("unknown").to_owned()
        };
        let last = last_report(dir)?;
        Ok(Self {
            dir: dir.to_path_buf(),
            name: record.experiment["name"].as_str().unwrap_or("unnamed").to_owned(),
            state: record.state,
            step: last.map_or(0, |report| report.step + 1),
            total_steps: last.map(|report| report.total_steps),
            samples_per_s: last.map(|report| report.samples_per_s),
            backbone: text("backbone"),
            loss: text("loss"),
            scores: headline(&scores(dir)?),
            k: record.experiment["eval"]["k"].as_u64().unwrap_or(5),
            date: written(dir),
        })
    }

    /// A score of the trained embedding, such as `R@1`.
    pub fn score(&self, metric: &str) -> Option<f64> {
        self.scores.get(metric).and_then(Value::as_f64)
    }
}

/// The record of the run in `dir`.
pub(super) fn record(dir: &Path) -> Result<RunRecord> {
    RunRecord::read(dir)?.ok_or_else(|| {
        let path = dir.to_path_buf();
        Error::RunFolder { problem: format!("{} holds no run: there is no run.json", path.display()), path }
    })
}

/// `scores.json`; `null` where there is none.
pub(super) fn scores(dir: &Path) -> Result<Value> {
    let path = dir.join("scores.json");
    match std::fs::read_to_string(&path) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(Value::Null),
        read => {
            let text = read.map_err(Error::io("read", &path))?;
            serde_json::from_str(&text)
                .map_err(|e| Error::Data(format!("{} holds no scores ({e})", path.display())))
        }
    }
}

/// The metrics of the trained embedding that stand for the run.
fn headline(scores: &Value) -> Map<String, Value> {
    let mean = &scores["mean"]["trained"];
    let metrics = if mean.is_null() { &scores["sets"][0]["trained"]["overall"] } else { mean };
    metrics.as_object().cloned().unwrap_or_default()
}

/// The newest time of the files that a run writes to as it goes on.
fn written(dir: &Path) -> u64 {
    let of = |name| {
        let modified = dir.join(name).metadata().ok()?.modified().ok()?;
        Some(modified.duration_since(UNIX_EPOCH).ok()?.as_secs())
    };
    [RunRecord::FILE, crate::RunLog::METRICS].into_iter().filter_map(of).max().unwrap_or(0)
}
