//! Filling a space.

use super::{
    SpaceSpec,
    shard::{self, ShardKind, ShardRows},
};
use crate::{Error, Result, identity::Fingerprint};
use std::{
    path::{Path, PathBuf},
    time::Duration,
};

/// A temporary file of this age is what a kill left: a shard is written in seconds.
const LEFTOVER: Duration = Duration::from_secs(3600);

/// Adds rows to a space, a shard at a time. Several writers, of several processes, may fill one space.
pub struct SpaceWriter {
    dir: PathBuf,
    kind: ShardKind,
    shard_rows: usize,
    rows: ShardRows,
}

impl SpaceWriter {
    /// Opens the space of `spec` under `parent`, or makes it. A shard is written whenever `shard_rows` rows are there: what a kill
    /// can cost.
    ///
    /// # Errors
    /// [`Error::Invalid`] for sizes of 0, [`Error::Io`] when the folder cannot be made or written.
    pub fn open(parent: &Path, spec: &SpaceSpec, shard_rows: usize) -> Result<Self> {
        if shard_rows == 0 || spec.dim == 0 {
            return Err(Error::Invalid("a space of features needs shard_rows and dim of at least 1".into()));
        }
        let dir = parent.join(spec.folder());
        std::fs::create_dir_all(&dir).map_err(Error::io("create the folder", &dir))?;
        spec.write(&dir)?;
        crate::files::remove_leftovers(&dir, LEFTOVER)?;
        let kind = ShardKind { space: spec.fingerprint(), dtype: spec.dtype, dim: spec.dim };
        Ok(Self { dir, kind, shard_rows, rows: ShardRows::default() })
    }

    /// The space's folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Adds the features `[D_in]` of the image `key`; returns whether that filled a shard, which is on disk then.
    ///
    /// # Errors
    /// [`Error::Invalid`] for another width, [`Error::Io`] when the disk is full or read-only.
    pub fn push(&mut self, key: Fingerprint, features: &[f32]) -> Result<bool> {
        if features.len() != self.kind.dim {
            return Err(Error::Invalid(format!(
                "{} takes features of width {}, got {}",
                self.dir.display(),
                self.kind.dim,
                features.len()
            )));
        }
        self.rows.keys.push(key);
        self.rows.features.extend_from_slice(features);
        let full = self.rows.keys.len() >= self.shard_rows;
        if full {
            self.flush()?;
        }
        Ok(full)
    }

    /// Writes what is left as a last shard.
    ///
    /// # Errors
    /// [`Error::Io`] when the disk is full or read-only.
    pub fn flush(&mut self) -> Result<()> {
        let rows = std::mem::take(&mut self.rows);
        if rows.keys.is_empty() { Ok(()) } else { shard::write(&self.dir, self.kind, &rows) }
    }
}
