//! Reading a complete store.

use super::{Manifest, shard::MappedShard};
use crate::{Domain, Error, Result};
use std::path::{Path, PathBuf};

/// A complete feature store, its shards memory-mapped: `features [N, D_in]` with class, domain and path per row.
pub struct FeatureStore {
    dir: PathBuf,
    manifest: Manifest,
    shards: Vec<MappedShard>,
    /// First row of each shard, and N at the end.
    starts: Vec<usize>,
    labels: Vec<u32>,
    domain_ids: Vec<u32>,
}

impl FeatureStore {
    /// Opens the store in `dir`.
    ///
    /// # Errors
    /// [`Error::Missing`] when there is no manifest or the extraction did not finish, [`Error::Malformed`] when a file
    /// does not fit the manifest.
    pub fn open(dir: &Path) -> Result<Self> {
        let manifest = Manifest::read(dir)?;
        let bad =
            |path: &Path, reason: String| Error::Malformed { path: path.to_path_buf(), line: None, reason };
        if !manifest.complete {
            let remedy =
                "the extraction did not finish; run it again, it continues where it stopped".to_owned();
            return Err(Error::Missing { path: dir.join("the last shards"), remedy });
        }
        let (wanted, there) = (manifest.shard_count(), manifest.shards.len());
        if wanted != there {
            let reason = format!("lists {there} shards where {wanted} cover its samples; extract again");
            return Err(bad(&dir.join(Manifest::FILE), reason));
        }
        let (classes, domains) = (manifest.class_names.len(), manifest.domains.len());
        let mut store = Self {
            dir: dir.to_path_buf(),
            shards: Vec::new(),
            starts: vec![0],
            labels: Vec::new(),
            domain_ids: Vec::new(),
            manifest,
        };
        for i in 0..store.manifest.shards.len() {
            let entry = &store.manifest.shards[i];
            // The name is rebuilt, not taken from the manifest: a hostile manifest cannot point elsewhere.
            let path = dir.join(Manifest::shard_file(i));
            let spec = &store.manifest.spec;
            let shard = MappedShard::open(&path, &store.manifest.address, spec.dim, spec.dtype)?;
            if shard.rows != entry.rows {
                return Err(bad(
                    &path,
                    format!("holds {} rows, the manifest says {}", shard.rows, entry.rows),
                ));
            }
            store.labels.extend(checked(&shard.facts.classes, classes).map_err(|e| bad(&path, e))?);
            store.domain_ids.extend(checked(&shard.facts.domains, domains).map_err(|e| bad(&path, e))?);
            store.starts.push(store.labels.len());
            store.shards.push(shard);
        }
        Ok(store)
    }

    /// The store's folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// What the store says about itself.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Number of rows, N: samples with features.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is no row at all.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Width of the features, D_in.
    pub fn dim(&self) -> usize {
        self.manifest.spec.dim
    }

    /// Dense class label of each row, `[N]`.
    pub fn labels(&self) -> &[u32] {
        &self.labels
    }

    /// Domain of each row as a position in [`FeatureStore::domains`], `[N]`.
    pub fn domain_ids(&self) -> &[u32] {
        &self.domain_ids
    }

    /// The domain names.
    pub fn domains(&self) -> &[Domain] {
        &self.manifest.domains
    }

    /// Number of classes of the listing, C. A class whose every image was unreadable has no row.
    pub fn num_classes(&self) -> usize {
        self.manifest.class_names.len()
    }

    /// Path of a row, relative to the data set's root; `None` past the end.
    pub fn path(&self, row: usize) -> Option<&str> {
        let shard = self.starts.partition_point(|&s| s <= row).checked_sub(1)?;
        self.shards.get(shard)?.facts.paths.get(row - self.starts[shard]).map(String::as_str)
    }

    /// Copies the features of `rows` into `out [rows.len(), D_in]`.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a row past the end or an `out` of another length.
    pub fn gather(&self, rows: &[usize], out: &mut [f32]) -> Result<()> {
        let dim = self.dim();
        if out.len() != rows.len() * dim {
            let want = rows.len() * dim;
            return Err(Error::Invalid(format!("gather needs a buffer of {want} values, got {}", out.len())));
        }
        for (&row, out) in rows.iter().zip(out.chunks_exact_mut(dim)) {
            if row >= self.len() {
                return Err(Error::Invalid(format!(
                    "row {row} is past the end of a store of {} rows",
                    self.len()
                )));
            }
            let shard = self.starts.partition_point(|&s| s <= row) - 1;
            self.shards[shard].copy_row(row - self.starts[shard], self.manifest.spec.dtype, out);
        }
        Ok(())
    }

    /// All features as one matrix `[N, D_in]`.
    pub fn matrix(&self) -> Result<Vec<f32>> {
        let rows: Vec<usize> = (0..self.len()).collect();
        let mut out = vec![0.0; rows.len() * self.dim()];
        self.gather(&rows, &mut out)?;
        Ok(out)
    }
}

/// Ids as u32, each below `limit`.
fn checked(ids: &[i64], limit: usize) -> std::result::Result<Vec<u32>, String> {
    ids.iter()
        .map(|&id| u32::try_from(id).ok().filter(|&id| (id as usize) < limit))
        .collect::<Option<_>>()
        .ok_or_else(|| format!("holds a class or domain outside 0..{limit}; extract again"))
}
