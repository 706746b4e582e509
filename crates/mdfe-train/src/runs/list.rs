//! The runs below a folder.

use super::RunInfo;
use crate::{Error, Result, pipeline::RunRecord};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Folders that a run may lie below the one that is listed: `SWEEP/runs/RUN`, and one more.
const DEPTH: usize = 4;

/// What lies in a folder.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct RunList {
    /// The runs, the newest first.
    pub runs: Vec<RunInfo>,
    /// Folders that hold no run, or none that can be read.
    pub others: Vec<NoRun>,
}

/// A folder without a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NoRun {
    /// The folder.
    pub dir: PathBuf,
    /// Why it is none.
    pub reason: String,
}

/// The runs in `dir` and its folders; `dir` itself where it is a run's. What is broken or somebody else's is listed with the reason.
///
/// # Errors
/// [`Error::Io`] when `dir` can't be read.
pub fn list(dir: &Path) -> Result<RunList> {
    let mut found = RunList::default();
    if dir.join(RunRecord::FILE).exists() {
        found.add(dir);
    } else {
        for folder in folders(dir)? {
            found.append(below(&folder, DEPTH));
        }
    }
    found.runs.sort_by(|a, b| b.date.cmp(&a.date).then_with(|| a.dir.cmp(&b.dir)));
    found.others.sort_by(|a, b| a.dir.cmp(&b.dir));
    Ok(found)
}

impl RunList {
    fn add(&mut self, dir: &Path) {
        match RunInfo::read(dir) {
            Ok(info) => self.runs.push(info),
            Err(error) => self.others.push(NoRun { dir: dir.to_path_buf(), reason: error.to_string() }),
        }
    }

    fn append(&mut self, other: Self) {
        self.runs.extend(other.runs);
        self.others.extend(other.others);
    }
}

/// What is in `dir`: its run, or those of its folders, or itself as a folder without any.
fn below(dir: &Path, depth: usize) -> RunList {
    let mut found = RunList::default();
    if dir.join(RunRecord::FILE).exists() {
        found.add(dir);
        return found;
    }
    let no_run =
        |reason: String| RunList { runs: Vec::new(), others: vec![NoRun { dir: dir.to_path_buf(), reason }] };
    let inside = match folders(dir) {
        Ok(inside) => inside,
        Err(error) => return no_run(error.to_string()),
    };
    if inside.iter().any(|folder| folder.join("space.json").exists()) {
        return no_run("holds features, which `mdfe features list` shows".to_owned());
    }
    let mut has_run = false;
    for folder in inside.iter().filter(|_| depth > 0) {
        let of = below(folder, depth - 1);
        has_run |= !of.runs.is_empty() || of.others.iter().any(|no| no.dir.join(RunRecord::FILE).exists());
        found.append(of);
    }
    if has_run { found } else { no_run("holds no run: there is no run.json".to_owned()) }
}

/// The folders in a folder, by name.
fn folders(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(Error::io("read", dir))? {
        let path = entry.map_err(Error::io("read", dir))?.path();
        if path.is_dir() {
            found.push(path);
        }
    }
    found.sort_unstable();
    Ok(found)
}
