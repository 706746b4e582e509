//! Hashing every shard again.

use super::{
    SpaceSpec,
    shard::{self, ShardKind},
};
use crate::Result;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// A shard that cannot be trusted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BadShard {
    /// The file.
    pub path: PathBuf,
    /// One sentence.
    pub reason: String,
}

/// Hashes every shard of the space in `dir`, on all cores; the ones whose bytes are not those of their name, or that cannot be read.
///
/// # Errors
/// [`crate::Error::Missing`] or [`crate::Error::Malformed`] when `dir` is no space.
pub fn verify(dir: &Path) -> Result<Vec<BadShard>> {
    let spec = SpaceSpec::read(dir)?;
    let kind = ShardKind { space: spec.fingerprint(), dtype: spec.dtype, dim: spec.dim };
    let shards = shard::open_all(dir, kind)?;
    let bad = shards.into_par_iter().filter_map(|(path, shard)| {
        let reason = shard.and_then(|shard| shard.verify()).err()?.to_string();
        Some(BadShard { path, reason })
    });
    Ok(bad.collect())
}
