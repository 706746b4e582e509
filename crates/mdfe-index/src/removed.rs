//! The ids of rows that were removed, in a file of their own: segments stay as they are.

use crate::{
    Result,
    manifest::{FileEntry, Manifest},
};
use mdfe_data::{
    identity::Fingerprint,
    tensors::{TensorFile, TensorShape, header},
    write_atomically,
};
use safetensors::Dtype;
use std::{collections::BTreeMap, path::Path};

/// Removed ids in ascending order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Removed(Vec<u32>);

impl Removed {
    /// Reads those of an index.
    pub(crate) fn open(dir: &Path, manifest: &Manifest) -> Result<Self> {
        let Some(entry) = &manifest.removed else { return Ok(Self::default()) };
        let file = TensorFile::open(&dir.join(&entry.file))?;
        let bytes = file.tensor("removed", Dtype::U32, &[entry.rows])?;
        let ids: Vec<u32> = bytes.as_chunks::<4>().0.iter().map(|b| u32::from_le_bytes(*b)).collect();
        let known = ids.last().is_none_or(|&last| (last as usize) < manifest.rows());
        if !known || !ids.is_sorted_by(|a, b| a < b) {
            return Err(file.fault("lists rows that the index does not have".into()).into());
        }
        Ok(Self(ids))
    }

    /// Writes them; the name says what is inside.
    pub(crate) fn write(&self, dir: &Path) -> Result<FileEntry> {
        let mut bytes = header(&[TensorShape::new("removed", Dtype::U32, [self.0.len()])], &BTreeMap::new());
        bytes.extend(self.0.iter().flat_map(|id| id.to_le_bytes()));
        let fingerprint = Fingerprint::of(&bytes);
        let file = format!("removed-{:010}-{}.safetensors", self.0.len(), fingerprint.short());
        write_atomically(&dir.join(&file), &bytes)?;
        Ok(FileEntry { file, rows: self.0.len(), bytes: bytes.len() as u64, fingerprint })
    }

    /// With these as well.
    pub(crate) fn with(&self, more: impl IntoIterator<Item = u32>) -> Self {
        let mut all = self.0.clone();
        all.extend(more);
        all.sort_unstable();
        all.dedup();
        Self(all)
    }

    /// How many.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether a row was removed.
    pub(crate) fn contains(&self, id: u32) -> bool {
        self.0.binary_search(&id).is_ok()
    }

    /// Those of `count` rows from `first`.
    pub(crate) fn among(&self, first: u32, count: usize) -> &[u32] {
        let end = u64::from(first) + count as u64;
        let at = |limit: u64| self.0.partition_point(|&id| u64::from(id) < limit);
        &self.0[at(u64::from(first))..at(end)]
    }
}
