//! Which spaces there are, and removing one.

use super::{FeatureStore, SpaceSpec, Use};
use crate::{Error, Result};
use serde::Serialize;
use std::{
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

/// A space on disk.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SpaceInfo {
    /// Its folder.
    pub dir: PathBuf,
    /// What decides its features.
    pub spec: SpaceSpec,
    /// Rows in its shards.
    pub rows: usize,
    /// Number of its shards.
    pub shards: usize,
    /// Bytes on disk.
    pub bytes: u64,
    /// When it was made, in seconds since 1970.
    pub made: u64,
    /// Its uses, the latest first.
    pub uses: Vec<Use>,
}

impl SpaceInfo {
    /// When it was last used or made, in seconds since 1970.
    pub fn last_used(&self) -> u64 {
        self.uses.first().map_or(self.made, |latest| latest.at.max(self.made))
    }
}

/// The spaces in the folder `parent`, by name; none where it does not exist. A folder that is not a space is passed over.
///
/// # Errors
/// [`Error::Io`] when a folder cannot be read, [`Error::Malformed`] for a space that this build does not read.
pub fn spaces(parent: &Path) -> Result<Vec<SpaceInfo>> {
    if !parent.exists() {
        return Ok(Vec::new());
    }
    let mut dirs = Vec::new();
    for entry in std::fs::read_dir(parent).map_err(Error::io("read", parent))? {
        let dir = entry.map_err(Error::io("read", parent))?.path();
        if dir.join(SpaceSpec::FILE).is_file() {
            dirs.push(dir);
        }
    }
    dirs.sort();
    dirs.iter().map(|dir| info(dir)).collect()
}

fn info(dir: &Path) -> Result<SpaceInfo> {
    let store = FeatureStore::open(dir)?;
    let mut bytes = 0;
    for entry in std::fs::read_dir(dir).map_err(Error::io("read", dir))? {
        let entry = entry.map_err(Error::io("read", dir))?;
        bytes += entry.metadata().map_err(Error::io("read", &entry.path()))?.len();
    }
    let record = dir.join(SpaceSpec::FILE);
    let modified =
        std::fs::metadata(&record).and_then(|m| m.modified()).map_err(Error::io("read", &record))?;
    Ok(SpaceInfo {
        dir: dir.to_path_buf(),
        spec: store.spec().clone(),
        rows: store.stored_rows(),
        shards: store.shard_count(),
        bytes,
        made: seconds(modified),
        uses: Use::of(dir),
    })
}

/// Removes the space in `dir`: its record first, so that a kill leaves a folder that nobody takes for a space.
///
/// # Errors
/// [`Error::Missing`] when `dir` is no space, [`Error::Io`] when it cannot be removed.
pub fn remove_space(dir: &Path) -> Result<()> {
    SpaceSpec::read(dir)?;
    let record = dir.join(SpaceSpec::FILE);
    std::fs::remove_file(&record).map_err(Error::io("remove", &record))?;
    std::fs::remove_dir_all(dir).map_err(Error::io("remove", dir))
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
