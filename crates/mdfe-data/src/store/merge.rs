//! Putting together what several machines extracted.

use super::{FeatureStore, Manifest, shard::MappedShard, writer};
use crate::{Error, Result, write_atomically};
use std::path::{Path, PathBuf};

/// What a merge did.
pub struct Merge {
    /// The store, if every shard is there now.
    pub store: Option<FeatureStore>,
    /// Shards that were copied.
    pub copied: usize,
    /// Shards that neither the target nor a part holds.
    pub missing: Vec<usize>,
}

/// Copies the whole shards of `parts`, stores that were filled elsewhere, into the store folder `target`, which is made if
/// it is not there, and marks it complete once nothing is missing. Shards that are there already are kept.
///
/// # Errors
/// [`Error::Missing`] when a part has no manifest, [`Error::Invalid`] when the parts are of different stores (another
/// backbone, transform, number format or listing), [`Error::Io`] when the target cannot be written.
pub fn merge(target: &Path, parts: &[PathBuf]) -> Result<Merge> {
    let mut manifest: Option<(Manifest, &Path)> = None;
    let has_one = target.join(Manifest::FILE).exists();
    for dir in has_one.then_some(target).into_iter().chain(parts.iter().map(PathBuf::as_path)) {
        let read = Manifest::read(dir)?;
        match &manifest {
            Some((first, place)) if first.address != read.address => {
                return Err(Error::Invalid(format!(
                    "{} and {} are different stores ({} and {}): extract both with the same data, backbone and options",
                    place.display(),
                    dir.display(),
                    first.address,
                    read.address
                )));
            }
            Some(_) => {}
            None => manifest = Some((read, dir)),
        }
    }
    let Some((manifest, _)) = manifest else {
        return Err(Error::Invalid("name at least one store to merge".into()));
    };
    let manifest = Manifest { complete: false, shards: Vec::new(), skipped: Vec::new(), ..manifest };
    std::fs::create_dir_all(target).map_err(Error::io("create the folder", target))?;
    let open = |dir: &Path, i: usize| {
        let path = dir.join(Manifest::shard_file(i));
        let spec = &manifest.spec;
        MappedShard::open(&path, &manifest.address, spec.dim, spec.dtype).map(|_| path)
    };
    let (mut copied, mut missing) = (0, Vec::new());
    for i in 0..manifest.shard_count() {
        if open(target, i).is_ok() {
            continue;
        }
        let Some(source) = parts.iter().find_map(|part| open(part, i).ok()) else {
            missing.push(i);
            continue;
        };
        let bytes = std::fs::read(&source).map_err(Error::io("read", &source))?;
        write_atomically(&target.join(Manifest::shard_file(i)), &bytes)?;
        copied += 1;
    }
    let store = if missing.is_empty() {
        Some(writer::complete(target, manifest)?)
    } else {
        if !has_one {
            writer::write_manifest(target, &manifest)?;
        }
        None
    };
    Ok(Merge { store, copied, missing })
}
