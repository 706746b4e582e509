//! What a run leaves on disk, and who may write there.

use super::{RunRecord, RunState, Scores};
use crate::{Checkpoints, Error, Result, RunLog, files};
use mdfe_data::Skipped;
use mdfe_model::EmbedderFile;
use serde_json::Value;
use std::{
    collections::HashSet,
    path::{Path, PathBuf},
};

/// An image without features, and the data set it belongs to.
pub(super) struct SkippedOf {
    pub(super) dataset: String,
    pub(super) skipped: Skipped,
}

/// How the user wants to use a run folder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Claim {
    /// Begin a run; whatever is there is kept (default).
    #[default]
    Begin,
    /// Go on with the run that is there.
    Resume,
    /// Remove the run that is there and begin.
    Overwrite,
}

/// The folder of a run.
#[derive(Clone, Debug)]
pub struct RunFolder {
    path: PathBuf,
    claim: Claim,
}

/// What a claim found.
#[derive(Clone, Debug)]
pub enum Claimed {
    /// The run may begin or go on; nothing has been written yet.
    Ready(RunFolder),
    /// The same run is there already, with its results.
    Finished(RunFolder),
}

/// What runs write, by name; nothing else is ever removed.
const FILES: [&str; 12] = [
    RunRecord::FILE,
    "config.toml",
    RunLog::METRICS,
    RunLog::CURVES[0],
    RunLog::CURVES[1],
    RunLog::CURVES[2],
    "scores.json",
    "scores.txt",
    "skipped.jsonl",
    "report.html",
    EmbedderFile::FILE,
    // What `mdfe upload` and `train.upload` have sent of it.
    "uploads.json",
];
const FOLDERS: [&str; 3] = ["checkpoints", "views", RunLog::TENSORBOARD];

impl RunFolder {
    /// Asks whether `experiment`, resolved, may use the folder `path`. Writes nothing.
    ///
    /// # Errors
    /// [`Error::RunFolder`] when the folder holds a run that is not finished, another experiment, or things that no run left; or nothing
    /// to go on from.
    pub fn claim(path: PathBuf, experiment: &Value, claim: Claim) -> Result<Claimed> {
        let problem = |problem: String| Error::RunFolder { path: path.clone(), problem };
        let shown = path.display();
        let record = RunRecord::read(&path)?;
        let folder = Self { path: path.clone(), claim };
        let Some(record) = record else {
            return match (claim, is_free(&path)?) {
                (Claim::Resume, _) => {
                    Err(problem(format!("{shown} holds no run to go on with; leave --resume out")))
                }
                (_, true) => Ok(Claimed::Ready(folder)),
                (_, false) => {
                    Err(problem(format!("{shown} holds files that are no run's; give another --run-dir")))
                }
            };
        };
        let keys = record.differences(experiment);
        match (claim, keys.is_empty(), record.state) {
            (Claim::Overwrite, ..) => Ok(Claimed::Ready(folder)),
            (_, true, RunState::Finished) => Ok(Claimed::Finished(folder)),
            (Claim::Resume, true, RunState::Running) => Ok(Claimed::Ready(folder)),
            (Claim::Begin, true, RunState::Running) => {
                let newest = Checkpoints::new(folder.checkpoints(), 1).newest()?;
                let state = newest.and_then(|path| Some(path.file_stem()?.to_string_lossy().into_owned()));
                let state = state.unwrap_or_else(|| "no checkpoint yet".to_owned());
                Err(problem(format!(
                    "{shown} holds this experiment, not finished ({state}); go on with --resume, begin again with --overwrite, or give \
                     another --run-dir"
                )))
            }
            (_, false, state) => {
                let own = record.experiment.get("name").and_then(Value::as_str).unwrap_or("unnamed");
                let name = experiment.get("name").and_then(Value::as_str).unwrap_or("unnamed");
                let state = if state == RunState::Finished { "finished" } else { "not finished" };
                Err(problem(format!(
                    "{shown} holds another experiment (`{own}`, {state}), not `{name}`; these keys differ: {}; use the same settings, begin \
                     again with --overwrite, or give another --run-dir",
                    keys.join(", ")
                )))
            }
        }
    }

    /// Whether `path` holds a run of another experiment, or things that no run left.
    ///
    /// # Errors
    /// [`Error::RunFolder`] for a record that this build does not read, [`Error::Io`] when the folder can't be read.
    pub fn holds_other(path: &Path, experiment: &Value) -> Result<bool> {
        match RunRecord::read(path)? {
            Some(record) => Ok(!record.differences(experiment).is_empty()),
            None => Ok(!is_free(path)?),
        }
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the run goes on with what is there.
    pub(super) fn resumes(&self) -> bool {
        self.claim == Claim::Resume
    }

    /// Where checkpoints go.
    pub fn checkpoints(&self) -> PathBuf {
        self.path.join("checkpoints")
    }

    /// The checkpoints of every stage of the run in `dir`, in order.
    pub(super) fn stage_checkpoints(dir: &Path) -> Vec<Checkpoints> {
        let folder = Self { path: dir.to_path_buf(), claim: Claim::Begin };
        let later = (1..).map(|stage| folder.checkpoints_of(stage)).take_while(|dir| dir.exists());
        std::iter::once(folder.checkpoints()).chain(later).map(|dir| Checkpoints::new(dir, 1)).collect()
    }

    /// Where the checkpoints of a stage go.
    pub(super) fn checkpoints_of(&self, stage: usize) -> PathBuf {
        match stage {
            0 => self.checkpoints(),
            _ => self.checkpoints().join(format!("stage-{stage}")),
        }
    }

    /// Where the embedder goes.
    pub fn embedder(&self) -> PathBuf {
        self.path.join(EmbedderFile::FILE)
    }

    /// The scores of a finished run, as `scores.json` has them.
    ///
    /// # Errors
    /// [`Error::Io`] when the file can't be read.
    pub fn scores_json(&self) -> Result<Value> {
        let path = self.path.join("scores.json");
        if !path.exists() {
            return Ok(serde_json::json!({}));
        }
        let text = std::fs::read_to_string(&path).map_err(Error::io("read", &path))?;
        serde_json::from_str(&text).map_err(|e| Error::io("read", &path)(e.into()))
    }

    /// The table of a finished run; empty for a run without scores.
    ///
    /// # Errors
    /// [`Error::Io`] when the file can't be read.
    pub fn scores_text(&self) -> Result<String> {
        let path = self.path.join("scores.txt");
        match std::fs::read_to_string(&path) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
            other => other.map_err(Error::io("read", &path)),
        }
    }

    /// Writes what a run begins with. Everything that can refuse has been asked.
    pub(super) fn begin(&self, record: &RunRecord, config: &str) -> Result<()> {
        if self.claim == Claim::Overwrite {
            self.clear()?;
        }
        std::fs::create_dir_all(&self.path).map_err(Error::io("create the run folder", &self.path))?;
        files::write(&self.path.join("config.toml"), config.as_bytes())?;
        record.write(&self.path)
    }

    /// Removes what runs write; the record first, so that a kill leaves no run that looks whole.
    fn clear(&self) -> Result<()> {
        for name in FILES {
            let path = self.path.join(name);
            if path.exists() {
                std::fs::remove_file(&path).map_err(Error::io("remove", &path))?;
            }
        }
        for name in FOLDERS {
            let path = self.path.join(name);
            if path.exists() {
                std::fs::remove_dir_all(&path).map_err(Error::io("remove", &path))?;
            }
        }
        Ok(())
    }

    /// Writes `skipped.jsonl`: a line for every unreadable image; an empty file when there is none.
    pub(super) fn write_skipped(&self, skipped: &[SkippedOf]) -> Result<()> {
        let line = |SkippedOf { dataset, skipped: Skipped { path, reason } }: &SkippedOf| {
            serde_json::json!({ "dataset": dataset, "path": path, "reason": reason }).to_string() + "\n"
        };
        let text: String = skipped.iter().map(line).collect();
        files::write(&self.path.join("skipped.jsonl"), text.as_bytes())
    }

    /// The images of a data set that could not be read when the run began.
    pub(super) fn was_skipped(&self, dataset: &str) -> Result<HashSet<String>> {
        let path = self.path.join("skipped.jsonl");
        let text = std::fs::read_to_string(&path).map_err(Error::io("read", &path))?;
        let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let of =
            |line: Value| (line["dataset"] == dataset).then(|| line["path"].as_str().map(str::to_owned))?;
        Ok(lines.filter_map(of).collect())
    }

    /// Writes `scores.json` and, for people, `scores.txt`.
    pub(super) fn write_scores(&self, scores: &Scores, table: &str) -> Result<()> {
        let path = self.path.join("scores.json");
        let text = serde_json::to_string_pretty(scores).map_err(|e| Error::io("write", &path)(e.into()))?;
        files::write(&path, format!("{text}\n").as_bytes())?;
        files::write(&self.path.join("scores.txt"), format!("{table}\n").as_bytes())
    }
}

/// Whether nobody has anything in the folder.
fn is_free(path: &Path) -> Result<bool> {
    if !path.exists() {
        return Ok(true);
    }
    Ok(std::fs::read_dir(path).map_err(Error::io("read", path))?.next().is_none())
}
