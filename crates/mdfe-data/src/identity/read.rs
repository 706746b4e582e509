//! Reading an image that is known by its fingerprint.

use super::Fingerprint;
use crate::{Error, ImageReader, Result};
use std::path::Path;

/// The bytes of an image, read once: what is decoded is what the fingerprint speaks of. `None` takes whatever is there.
///
/// # Errors
/// Those of [`ImageReader::read`], [`Error::Image`] when it has other bytes.
pub fn read_image(reader: &ImageReader, path: &Path, expected: Option<Fingerprint>) -> Result<Vec<u8>> {
    let bytes = reader.read(path)?;
    if expected.is_some_and(|key| key != Fingerprint::of(&bytes)) {
        let reason = "it was changed after it was fingerprinted; run the command again".to_owned();
        return Err(Error::Image { path: path.to_path_buf(), reason });
    }
    Ok(bytes)
}
