//! What a run leaves on disk.

use super::SkippedOf;
use crate::{Error, Result};
use mdfe_data::write_atomically;
use mdfe_model::EmbedderFile;
use std::path::{Path, PathBuf};

/// The folder of a run.
#[derive(Clone, Debug)]
pub struct RunFolder {
    path: PathBuf,
}

impl RunFolder {
    /// Creates the folder, if it is not there, and writes the resolved experiment into it.
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::Store`] when the disk is full or read-only.
    pub fn create(path: PathBuf, config: &str) -> Result<Self> {
        std::fs::create_dir_all(&path).map_err(Error::io("create the run folder", &path))?;
        write_atomically(&path.join("config.toml"), config.as_bytes())?;
        Ok(Self { path })
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where checkpoints go.
    pub fn checkpoints(&self) -> PathBuf {
        self.path.join("checkpoints")
    }

    /// Where the embedder goes.
    pub fn embedder(&self) -> PathBuf {
        self.path.join(EmbedderFile::FILE)
    }

    /// Writes `skipped.jsonl`: a line for every unreadable image; an empty file when there is none.
    pub(super) fn write_skipped(&self, skipped: &[SkippedOf]) -> Result<()> {
        let line = |(dataset, s): &SkippedOf| {
            serde_json::json!({ "dataset": dataset, "path": s.path, "reason": s.reason }).to_string() + "\n"
        };
        let text: String = skipped.iter().map(line).collect();
        Ok(write_atomically(&self.path.join("skipped.jsonl"), text.as_bytes())?)
    }

    /// Writes `scores.json`.
    pub(super) fn write_scores(&self, scores: &serde_json::Value) -> Result<()> {
        let text = format!("{scores:#}\n");
        Ok(write_atomically(&self.path.join("scores.json"), text.as_bytes())?)
    }
}
