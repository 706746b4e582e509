//! `index.json`: which files make up the index. Whoever renames it into place changes the index, and nobody else does.

use crate::{Dtype, Error, Rescore, Result, recall::Recall};
use mdfe_data::{EmbedderId, identity::Fingerprint, write_atomically};
use serde::{Deserialize, Serialize};
use std::{io::ErrorKind, path::Path};

/// The manifest's name.
pub(crate) const FILE: &str = "index.json";
/// The name and number of the format.
const FORMAT: &str = "mdfe-index-1";

/// A file that never changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FileEntry {
    /// Its name in the folder.
    pub(crate) file: String,
    /// Rows that it holds, or removes.
    pub(crate) rows: usize,
    /// Its length.
    pub(crate) bytes: u64,
    /// The BLAKE3 of its bytes.
    pub(crate) fingerprint: Fingerprint,
}

/// The manifest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    pub(crate) format: String,
    pub(crate) dim: usize,
    pub(crate) dtype: Dtype,
    pub(crate) rescore: Rescore,
    pub(crate) embedder: Option<EmbedderId>,
    /// In the order of their rows' ids.
    pub(crate) segments: Vec<FileEntry>,
    /// The ids of rows that were removed.
    pub(crate) removed: Option<FileEntry>,
    /// What the search was found to miss, where it is not exact.
    pub(crate) recall: Option<Recall>,
}

impl Manifest {
    /// Of an empty index.
    pub(crate) fn new(dim: usize, dtype: Dtype, rescore: Rescore, embedder: Option<EmbedderId>) -> Self {
        let (segments, removed, recall) = (Vec::new(), None, None);
        Self { format: FORMAT.to_owned(), dim, dtype, rescore, embedder, segments, removed, recall }
    }

    /// Reads that of the index in `dir`.
    pub(crate) fn read(dir: &Path) -> Result<Self> {
        let path = dir.join(FILE);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                return Err(Error::NoIndex { path: dir.to_path_buf() });
            }
            Err(e) => return Err(mdfe_data::Error::io("read", &path)(e).into()),
        };
        let bad = |reason: String| Error::Manifest { path: path.clone(), reason };
        let value: serde_json::Value =
            serde_json::from_str(&text).map_err(|e| bad(format!("is not the manifest of an index ({e})")))?;
        match value["format"].as_str() {
            Some(FORMAT) => {}
            Some(other) => {
                return Err(bad(format!(
                    "is of the format {other}, this build reads {FORMAT}; build the index again"
                )));
            }
            None => return Err(bad("is not the manifest of an index; it names no format".into())),
        }
        let manifest: Self = serde_json::from_value(value).map_err(|e| bad(e.to_string()))?;
        let rows = manifest.segments.iter().map(|s| s.rows).fold(0usize, usize::saturating_add);
        let plain = |entry: &FileEntry| mdfe_data::files::is_plain_name(&entry.file);
        if manifest.dim == 0 || rows >= u32::MAX as usize || !manifest.files().all(plain) {
            return Err(bad("names rows or files that no index has; build the index again".into()));
        }
        Ok(manifest)
    }

    /// Makes it the index of `dir`, in one step.
    pub(crate) fn write(&self, dir: &Path) -> Result<()> {
        let path = dir.join(FILE);
        let json = serde_json::to_string_pretty(self)
            .map_err(|e| Error::Manifest { path: path.clone(), reason: e.to_string() })?;
        Ok(write_atomically(&path, json.as_bytes())?)
    }

    /// Every file that belongs to the index.
    pub(crate) fn files(&self) -> impl Iterator<Item = &FileEntry> {
        self.segments.iter().chain(&self.removed)
    }

    /// Rows of all segments, removed ones included: the next row's id.
    pub(crate) fn rows(&self) -> usize {
        self.segments.iter().map(|segment| segment.rows).sum()
    }
}
