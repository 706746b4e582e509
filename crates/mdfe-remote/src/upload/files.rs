//! Which files of a run folder are sent.

use super::ledger::Ledger;
use crate::{Error, Result};
use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
};

/// The record of the run, which is sent last: where it says that the run is finished, everything is there.
const RECORD: &str = "run.json";

/// How much of a run folder is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// What a training goes on from: all but the logs, which grow with every step.
    Resumable,
    /// Everything.
    All,
}

/// A file of a run folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RunFile {
    /// Its path in the run folder, with slashes.
    pub(super) name: String,
    pub(super) path: PathBuf,
}

/// The files of the run folder `run`, sorted, the record of the run last.
pub(super) fn files(run: &Path, scope: Scope) -> Result<Vec<RunFile>> {
    let mut found = Vec::new();
    collect(run, "", scope, &mut found)?;
    found.sort_by(|a, b| (a.name == RECORD, &a.name).cmp(&(b.name == RECORD, &b.name)));
    Ok(found)
}

fn collect(folder: &Path, prefix: &str, scope: Scope, found: &mut Vec<RunFile>) -> Result<()> {
    for entry in std::fs::read_dir(folder).map_err(Error::io("read", folder))? {
        let entry = entry.map_err(Error::io("read", folder))?;
        let (path, name) = (entry.path(), entry.file_name());
        if prefix.is_empty() && name == Ledger::FILE || mdfe_data::files::is_temporary(&name) {
            continue;
        }
        let inside = format!("{prefix}{}", name.to_string_lossy());
        if path.is_dir() {
            if scope == Scope::All || inside != "tensorboard" {
                collect(&path, &format!("{inside}/"), scope, found)?;
            }
        } else if scope == Scope::All || !is_log(&name, prefix) {
            found.push(RunFile { name: inside, path });
        }
    }
    Ok(())
}

fn is_log(name: &OsStr, prefix: &str) -> bool {
    let ends = |end: &str| name.to_string_lossy().ends_with(end);
    prefix.is_empty() && (name == "metrics.jsonl" || ends(".svg"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logs_wait_for_the_end_and_the_record_comes_last() {
        let folder = tempfile::tempdir().unwrap();
        let run = folder.path();
        for name in ["checkpoints", "tensorboard", "views"] {
            std::fs::create_dir(run.join(name)).unwrap();
        }
        for name in [
            "run.json",
            "scores.json",
            "metrics.jsonl",
            "loss.svg",
            "uploads.json",
            ".mdfe-x.tmp",
            "checkpoints/a.safetensors",
            "tensorboard/e",
            "views/train.safetensors",
        ] {
            std::fs::write(run.join(name), name).unwrap();
        }
        let names = |scope| files(run, scope).unwrap().into_iter().map(|file| file.name).collect::<Vec<_>>();
        let resumable = ["checkpoints/a.safetensors", "scores.json", "views/train.safetensors", "run.json"];
        assert_eq!(names(Scope::Resumable), resumable);
        assert_eq!(
            names(Scope::All),
            [
                "checkpoints/a.safetensors",
                "loss.svg",
                "metrics.jsonl",
                "scores.json",
                "tensorboard/e",
                "views/train.safetensors",
                "run.json"
            ]
        );
    }
}
