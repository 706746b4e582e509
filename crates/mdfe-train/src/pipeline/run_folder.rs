//! What a run leaves on disk.

use crate::{Comparison, Error, Result, files};
use mdfe_data::store::Skipped;
use mdfe_model::EmbedderFile;
use std::path::{Path, PathBuf};

/// An image without features, and the data set it belongs to.
pub(super) struct SkippedOf {
    pub(super) dataset: String,
    pub(super) skipped: Skipped,
}

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
        files::write(&path.join("config.toml"), config.as_bytes())?;
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
        let line = |SkippedOf { dataset, skipped: Skipped { path, reason } }: &SkippedOf| {
            serde_json::json!({ "dataset": dataset, "path": path, "reason": reason }).to_string() + "\n"
        };
        let text: String = skipped.iter().map(line).collect();
        files::write(&self.path.join("skipped.jsonl"), text.as_bytes())
    }

    /// Writes `scores.json`.
    pub(super) fn write_scores(&self, scores: &Comparison) -> Result<()> {
        let path = self.path.join("scores.json");
        let text = serde_json::to_string_pretty(scores).map_err(|e| Error::io("write", &path)(e.into()))?;
        files::write(&path, format!("{text}\n").as_bytes())
    }
}
