//! What is kept of a picture: two hashes.

use super::phash::perceptual_hash;
use crate::{
    decode_bytes,
    prepare::picture::{read_file, reason},
};
use std::path::Path;

/// The hashes of one picture.
pub(super) struct Fingerprint {
    /// Of the file's bytes.
    pub(super) content: blake3::Hash,
    /// Of what it shows; nothing for a plain picture.
    pub(super) perceptual: Option<u64>,
}

/// Opens a picture, or says why that cannot be done.
pub(super) fn fingerprint(path: &Path) -> Result<Fingerprint, String> {
    let bytes = read_file(path)?;
    let picture = decode_bytes(path, &bytes).map_err(reason)?;
    Ok(Fingerprint { content: blake3::hash(&bytes), perceptual: perceptual_hash(&picture) })
}
