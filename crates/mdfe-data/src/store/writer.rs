//! Filling a store, shard by shard, in any order, after any interruption.

use super::{FeatureStore, Manifest, ShardEntry, ShardRows, Skipped, StoreSpec, shard};
use crate::{Dataset, Error, Result, write_atomically};
use std::{
    ops::Range,
    path::{Path, PathBuf},
};

/// How far a store is filled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoreStatus {
    /// The shards that are not there yet or are not whole.
    pub missing: Vec<usize>,
    /// Rows with features in the shards that are there.
    pub rows: usize,
    /// Unreadable images of the shards that are there.
    pub skipped: Vec<Skipped>,
}

/// A store that is being filled.
pub struct StoreWriter<'d> {
    dir: PathBuf,
    manifest: Manifest,
    dataset: &'d Dataset,
}

impl<'d> StoreWriter<'d> {
    /// Opens the store of `dataset` and `spec` under `parent`, or creates it. Whole shards that are there are kept.
    ///
    /// # Errors
    /// [`Error::Invalid`] for an empty data set, [`Error::Io`] when the folder cannot be made or written.
    pub fn open(parent: &Path, spec: StoreSpec, dataset: &'d Dataset) -> Result<Self> {
        if dataset.samples.is_empty() {
            return Err(Error::Invalid(format!(
                "the data set {} under {} is empty; there is nothing to extract",
                dataset.name,
                dataset.root.display()
            )));
        }
        if spec.shard_rows == 0 || spec.dim == 0 {
            return Err(Error::Invalid("a feature store needs shard_rows and dim of at least 1".into()));
        }
        let manifest = Manifest::new(spec, dataset);
        // A combined name may hold dozens of keys; the address alone tells stores apart.
        let name: String = manifest.dataset.chars().take(40).collect();
        let name = name.replace(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-', "_");
        let dir = parent.join(format!("{name}-{}", manifest.address));
        std::fs::create_dir_all(&dir).map_err(Error::io("create the folder", &dir))?;
        let writer = Self { dir, manifest, dataset };
        if !writer.dir.join(Manifest::FILE).exists() {
            write_manifest(&writer.dir, &writer.manifest)?;
        }
        Ok(writer)
    }

    /// The store's folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The manifest as it was opened.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The shards that are not there yet or are not whole.
    pub fn missing(&self) -> Vec<usize> {
        self.status().missing
    }

    /// What is there already.
    pub fn status(&self) -> StoreStatus {
        let mut status = StoreStatus::default();
        for i in 0..self.manifest.shard_count() {
            match self.open_shard(i) {
                Ok(shard) => {
                    status.rows += shard.rows;
                    status.skipped.extend(shard.skipped);
                }
                Err(_) => status.missing.push(i),
            }
        }
        status
    }

    /// The rows of the listing that shard `i` covers.
    pub fn range(&self, i: usize) -> Range<usize> {
        let start = i * self.manifest.spec.shard_rows;
        start..(start + self.manifest.spec.shard_rows).min(self.manifest.samples)
    }

    /// Writes shard `i`; it is there as a whole or not at all.
    ///
    /// # Errors
    /// [`Error::Invalid`] when rows or width do not fit, [`Error::Io`] when the disk is full or read-only.
    pub fn write(&self, i: usize, rows: &ShardRows) -> Result<()> {
        let range = self.range(i);
        let dim = self.manifest.spec.dim;
        let fits = rows.rows.iter().all(|&r| range.contains(&(r as usize)));
        if !fits || rows.features.len() != rows.rows.len() * dim {
            return Err(Error::Invalid(format!(
                "shard {i} takes rows {range:?} with {dim} features each, got {} rows and {} numbers",
                rows.rows.len(),
                rows.features.len()
            )));
        }
        let samples: Vec<_> = rows.rows.iter().map(|&r| &self.dataset.samples[r as usize]).collect();
        let position =
            |d| self.manifest.domains.iter().position(|known| known == d).unwrap_or_default() as i64;
        let facts = shard::RowFacts {
            classes: samples.iter().map(|s| i64::from(s.class)).collect(),
            domains: samples.iter().map(|s| position(&s.domain)).collect(),
            paths: samples.iter().map(|s| s.path.to_string_lossy().into_owned()).collect(),
        };
        let path = self.dir.join(Manifest::shard_file(i));
        shard::write(&path, rows, &facts, (&self.manifest.address, self.manifest.spec.dtype))
    }

    /// Marks the store complete and opens it.
    ///
    /// # Errors
    /// [`Error::Missing`] names the first shard that is not there.
    pub fn finish(self) -> Result<FeatureStore> {
        complete(&self.dir, self.manifest)
    }

    fn open_shard(&self, i: usize) -> Result<shard::MappedShard> {
        let spec = &self.manifest.spec;
        let path = self.dir.join(Manifest::shard_file(i));
        shard::MappedShard::open(&path, &self.manifest.address, spec.dim, spec.dtype)
    }
}

/// Marks the store in `dir`, whose every shard is there, complete and opens it.
pub(super) fn complete(dir: &Path, mut manifest: Manifest) -> Result<FeatureStore> {
    for i in 0..manifest.shard_count() {
        let (path, spec) = (dir.join(Manifest::shard_file(i)), &manifest.spec);
        let mapped =
            shard::MappedShard::open(&path, &manifest.address, spec.dim, spec.dtype).map_err(|e| {
                Error::Missing {
                    path,
                    remedy: format!("run the extraction again, it continues where it stopped ({e})"),
                }
            })?;
        manifest.shards.push(ShardEntry { file: Manifest::shard_file(i), rows: mapped.rows });
        manifest.skipped.extend(mapped.skipped);
    }
    manifest.complete = true;
    write_manifest(dir, &manifest)?;
    crate::files::remove_leftovers(dir)?;
    FeatureStore::open(dir)
}

/// Writes `manifest.json` of the store in `dir`.
pub(super) fn write_manifest(dir: &Path, manifest: &Manifest) -> Result<()> {
    let path = dir.join(Manifest::FILE);
    let json = serde_json::to_string_pretty(manifest).map_err(|e| Error::Invalid(e.to_string()))?;
    write_atomically(&path, (json + "\n").as_bytes())
}
