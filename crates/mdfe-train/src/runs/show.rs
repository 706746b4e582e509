//! All of a run.

use super::{
    RunInfo,
    info::{record, scores},
};
use crate::{Error, Result, pipeline::RunRecord};
use serde::Serialize;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// A run with everything that its folder tells.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunShow {
    /// The run in a line.
    #[serde(flatten)]
    pub info: RunInfo,
    /// The resolved experiment.
    pub config: Value,
    /// `scores.json`; `null` without.
    #[serde(rename = "all_scores")]
    pub scores: Value,
    /// What the run came from, where it is recorded.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub lineage: Value,
    /// The files in the folder and below, by name.
    pub files: Vec<RunFile>,
}

/// A file of a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunFile {
    /// Relative to the run folder.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
}

/// Reads the run in `dir`.
///
/// # Errors
/// Those of [`RunInfo::read`].
pub fn show(dir: &Path) -> Result<RunShow> {
    let info = RunInfo::read(dir)?;
    let config = record(dir)?.experiment;
    let path = dir.join(RunRecord::FILE);
    let text = std::fs::read_to_string(&path).map_err(Error::io("read", &path))?;
    let whole: Value = serde_json::from_str(&text).map_err(|e| Error::io("read", &path)(e.into()))?;
    let lineage = whole.get("lineage").cloned().unwrap_or_default();
    let mut files = Vec::new();
    collect(dir, dir, &mut files)?;
    files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    Ok(RunShow { info, config, scores: scores(dir)?, lineage, files })
}

fn collect(root: &Path, dir: &Path, files: &mut Vec<RunFile>) -> Result<()> {
    for entry in std::fs::read_dir(dir).map_err(Error::io("read", dir))? {
        let entry = entry.map_err(Error::io("read", dir))?;
        let path = entry.path();
        // A link is a file here, so that none leads out of the folder or around in it.
        let meta = entry.metadata().map_err(Error::io("read", &path))?;
        if meta.is_dir() {
            collect(root, &path, files)?;
        } else {
            let path = path.strip_prefix(root).unwrap_or(&path).to_path_buf();
            files.push(RunFile { path, bytes: meta.len() });
        }
    }
    Ok(())
}
