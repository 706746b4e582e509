//! What is kept of an image: two hashes.

use super::phash::perceptual_hash;
use crate::{
    ImageReader,
    opened::{Opened, open},
};
use std::path::Path;

/// The hashes of one image.
pub(super) struct Fingerprint {
    /// Of the file's bytes.
    pub(super) content: blake3::Hash,
    /// Of what it shows; nothing for a plain image.
    pub(super) perceptual: Option<u64>,
}

/// Opens an image, or says why that cannot be done.
pub(super) fn fingerprint(reader: &ImageReader, path: &Path) -> Result<Fingerprint, String> {
    let Opened { bytes, pixels } = open(reader, path)?;
    Ok(Fingerprint { content: blake3::hash(&bytes), perceptual: perceptual_hash(&pixels) })
}
