//! Putting together what several machines extracted.

use super::{
    BadShard, FeatureStore, SpaceSpec,
    shard::{self, ShardKind},
};
use crate::{Error, Result, write_atomically};
use std::path::{Path, PathBuf};

/// What a merge did.
#[derive(Debug)]
pub struct Merge {
    /// The space.
    pub store: FeatureStore,
    /// Shards that were copied.
    pub copied: usize,
    /// Shards that were there already.
    pub kept: usize,
    /// Shards of the parts that are damaged or foreign and were left where they are.
    pub refused: Vec<BadShard>,
}

/// Copies the shards of `parts`, spaces that were filled elsewhere, into the space folder `target`, which is made if it is not there.
/// Every shard is hashed before it is copied.
///
/// # Errors
/// [`Error::Missing`] when a part is no space, [`Error::Invalid`] when the parts are of different spaces (another backbone, preprocess
/// record or dtype), [`Error::Io`] when the target cannot be written. Nothing is written in these cases but the last.
pub fn merge(target: &Path, parts: &[PathBuf]) -> Result<Merge> {
    let is_there = target.join(SpaceSpec::FILE).exists();
    let mut first: Option<(SpaceSpec, &Path)> = None;
    for dir in is_there.then_some(target).into_iter().chain(parts.iter().map(PathBuf::as_path)) {
        let spec = SpaceSpec::read(dir)?;
        match &first {
            Some((known, place)) => known
                .expect_same(&spec, place)
                .map_err(|e| Error::Invalid(format!("{} cannot be merged: {e}", dir.display())))?,
            None => first = Some((spec, dir)),
        }
    }
    let Some((spec, _)) = first else {
        return Err(Error::Invalid("name at least one space to merge".into()));
    };
    std::fs::create_dir_all(target).map_err(Error::io("create the folder", target))?;
    spec.write(target)?;
    let kind = ShardKind { space: spec.fingerprint(), dtype: spec.dtype, dim: spec.dim };
    let (mut copied, mut kept, mut refused) = (0, 0, Vec::new());
    for part in parts {
        for (path, shard) in shard::open_all(part, kind)? {
            let whole = shard.and_then(|shard| shard.verify().map(|()| shard));
            let shard = match whole {
                Ok(shard) => shard,
                Err(error) => {
                    refused.push(BadShard { path, reason: error.to_string() });
                    continue;
                }
            };
            let place = target.join(path.file_name().unwrap_or_default());
            let there = shard::MappedShard::open(&place, kind).and_then(|shard| shard.verify()).is_ok();
            if there {
                kept += 1;
            } else {
                write_atomically(&place, shard.bytes())?;
                copied += 1;
            }
        }
    }
    Ok(Merge { store: FeatureStore::open(target)?, copied, kept, refused })
}
