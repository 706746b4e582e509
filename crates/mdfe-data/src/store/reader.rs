//! Reading a space.

use super::{
    BadShard, SpaceSpec, View,
    shard::{self, MappedShard, ShardKind},
};
use crate::{Error, Result, identity::Fingerprint};
use std::{
    collections::HashSet,
    path::{Path, PathBuf},
};

/// The features of a space, its shards memory-mapped: rows `[D_in]` by the fingerprint of their image.
#[derive(Debug)]
pub struct FeatureStore {
    dir: PathBuf,
    spec: SpaceSpec,
    shards: Vec<MappedShard>,
    ignored: Vec<BadShard>,
}

/// Where a row lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) shard: u32,
    pub(super) row: u32,
}

/// The places of all keys: sorted by the first 8 bytes of a key, then by the order of shards and rows.
pub(super) struct Places<'s> {
    store: &'s FeatureStore,
    sorted: Vec<(u64, Place)>,
}

impl FeatureStore {
    /// Opens the space in `dir`. A shard that is short, torn or of another space is ignored, logged, and listed in
    /// [`FeatureStore::ignored`]; its images count as missing.
    ///
    /// # Errors
    /// [`Error::Missing`] when there is no space, [`Error::Malformed`] when its record does not fit.
    pub fn open(dir: &Path) -> Result<Self> {
        let spec = SpaceSpec::read(dir)?;
        let kind = ShardKind { space: spec.fingerprint(), dtype: spec.dtype, dim: spec.dim };
        let (mut shards, mut ignored) = (Vec::new(), Vec::new());
        for (path, shard) in shard::open_all(dir, kind)? {
            match shard {
                Ok(shard) => shards.push(shard),
                Err(error) => {
                    tracing::warn!("{error}; the shard is ignored");
                    ignored.push(BadShard { path, reason: error.to_string() });
                }
            }
        }
        Ok(Self { dir: dir.to_path_buf(), spec, shards, ignored })
    }

    /// The space's folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// What decides the features.
    pub fn spec(&self) -> &SpaceSpec {
        &self.spec
    }

    /// Width of the features, D_in.
    pub fn dim(&self) -> usize {
        self.spec.dim
    }

    /// Rows in the shards; a key that two processes computed counts twice.
    pub fn stored_rows(&self) -> usize {
        self.shards.iter().map(|shard| shard.rows).sum()
    }

    /// Number of shards that are read.
    pub fn shard_count(&self) -> usize {
        self.shards.len()
    }

    /// Shards that are not read, and why.
    pub fn ignored(&self) -> &[BadShard] {
        &self.ignored
    }

    /// The rows of `view` whose images have no features here: the first of each key, in the view's order.
    pub fn missing(&self, view: &View) -> Vec<usize> {
        let places = self.places();
        let mut seen = HashSet::new();
        (0..view.len())
            .filter(|&row| {
                let key = view.key(row);
                places.find(key).is_none() && seen.insert(key)
            })
            .collect()
    }

    pub(super) fn places(&self) -> Places<'_> {
        let mut sorted = Vec::with_capacity(self.stored_rows());
        for (shard, mapped) in (0u32..).zip(&self.shards) {
            sorted.extend((0u32..).zip(mapped.keys()).map(|(row, key)| (prefix(key), Place { shard, row })));
        }
        sorted.sort_unstable();
        Places { store: self, sorted }
    }

    pub(super) fn copy(&self, place: Place, out: &mut [f32]) {
        self.shards[place.shard as usize].copy_row(place.row as usize, self.spec.dtype, out);
    }

    /// The features of the image `key`, `[D_in]`; `None` where they are not here. For many rows make a
    /// [`FeatureView`](super::FeatureView).
    pub fn features(&self, key: Fingerprint) -> Option<Vec<f32>> {
        let place = self.places().find(key)?;
        let mut out = vec![0.0; self.dim()];
        self.copy(place, &mut out);
        Some(out)
    }

    /// All rows of the space as a view, in the order of the shards, each image once: its path is its fingerprint; classes and domains are not
    /// known here.
    pub fn whole_view(&self) -> View {
        let mut seen = HashSet::new();
        let keys = self.shards.iter().flat_map(|shard| shard.keys());
        View::of_keys(keys.filter(|key| seen.insert(*key)))
    }

    /// Refuses features of another space.
    ///
    /// # Errors
    /// [`Error::Invalid`] names both.
    pub fn expect_space(&self, expected: &SpaceSpec) -> Result<()> {
        self.spec.expect_same(expected, &self.dir)
    }

    pub(super) fn not_there(&self, path: &str) -> Error {
        let path = PathBuf::from(path);
        let remedy = format!("its features are not in {}; run `mdfe extract` again", self.dir.display());
        Error::Missing { path, remedy }
    }
}

impl Places<'_> {
    /// The first place of `key`.
    pub(super) fn find(&self, key: Fingerprint) -> Option<Place> {
        let wanted = prefix(key);
        let start = self.sorted.partition_point(|(found, _)| *found < wanted);
        let equal = self.sorted[start..].iter().take_while(|(found, _)| *found == wanted);
        let store = self.store;
        equal.map(|(_, place)| *place).find(|p| store.shards[p.shard as usize].key(p.row as usize) == key)
    }
}

/// The first 8 bytes of a key: as good as random.
fn prefix(key: Fingerprint) -> u64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&key.as_bytes()[..8]);
    u64::from_be_bytes(bytes)
}
