//! Images of a preparation: read, cut, written.

use super::{CropRect, output::write_whole};
use crate::{Error, Result};
use image::{RgbImage, codecs::jpeg::JpegEncoder, imageops};
use std::path::Path;

/// Quality of crops, in JPEG's scale to 100. Colours are kept at full resolution (4:4:4). A lossless format would make
/// the crops several times as large, and the images they come from are JPEGs that have lost more already.
const QUALITY: u8 = 95;

/// Writes a part of `image` as a JPEG.
pub(super) fn write_crop(image: &RgbImage, part: CropRect, target: &Path) -> Result<()> {
    let crop = imageops::crop_imm(image, part.x, part.y, part.width, part.height).to_image();
    let mut bytes = Vec::new();
    let fault = |e: image::ImageError| Error::Image { path: target.to_path_buf(), reason: e.to_string() };
    JpegEncoder::new_with_quality(&mut bytes, QUALITY).encode_image(&crop).map_err(fault)?;
    write_whole(target, &bytes)
}

/// The file, or why it cannot be used.
pub(crate) fn read_file(path: &Path) -> std::result::Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => "the image is missing".to_owned(),
        _ => format!("the image cannot be read: {e}"),
    })
}

/// Why a decoder refused, without the path that the caller names anyway.
pub(crate) fn reason(error: Error) -> String {
    match error {
        Error::Image { reason, .. } => format!("the image cannot be decoded: {reason}"),
        other => other.to_string(),
    }
}
