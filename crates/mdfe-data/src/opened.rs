//! An image with the bytes of its file, or why it cannot be used.

use crate::{Error, ImageReader, decode_bytes};
use image::RgbImage;
use std::{io::ErrorKind, path::Path};

/// An image in memory, encoded and decoded.
pub(crate) struct Opened {
    /// The file.
    pub(crate) bytes: Vec<u8>,
    /// What it shows.
    pub(crate) pixels: RgbImage,
}

/// Reads and decodes the image at `path`. The reason of a failure is one sentence without the path, which the caller
/// names anyway.
pub(crate) fn open(reader: &ImageReader, path: &Path) -> Result<Opened, String> {
    let bytes = reader.read(path).map_err(|error| match error {
        Error::Io { source, .. } if source.kind() == ErrorKind::NotFound => "the image is missing".to_owned(),
        Error::Io { source, .. } => format!("the image cannot be read: {source}"),
        Error::Image { reason, .. } => format!("the image cannot be read: {reason}"),
        other => other.to_string(),
    })?;
    let pixels = decode_bytes(path, &bytes).map_err(|error| match error {
        Error::Image { reason, .. } => format!("the image cannot be decoded: {reason}"),
        other => other.to_string(),
    })?;
    Ok(Opened { bytes, pixels })
}
