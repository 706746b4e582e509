//! Pictures of a preparation: read, cut, written.

use super::{CropRect, output::write_whole};
use crate::{Error, Result};
use image::{ImageReader, Limits, RgbImage, codecs::jpeg::JpegEncoder, imageops};
use std::{io::Cursor, path::Path};

/// Quality of crops, in JPEG's scale to 100. Colours are kept at full resolution (4:4:4). A lossless format would make
/// the crops of DeepFashion2 about six times as large for a difference below what its own JPEGs have lost.
const QUALITY: u8 = 95;

/// No picture of a data set is wider or higher; a file that says so is broken or hostile.
const MAX_SIDE: u32 = 30_000;
/// Memory that decoding one picture may take, bytes.
const MAX_BYTES: u64 = 1 << 30;

/// Decodes a picture to RGB, alpha dropped.
pub(crate) fn decode(path: &Path, bytes: &[u8]) -> Result<RgbImage> {
    let fault = |reason: String| Error::Image { path: path.to_path_buf(), reason };
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_BYTES);
    let mut reader =
        ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(|e| fault(e.to_string()))?;
    reader.limits(limits);
    Ok(reader.decode().map_err(|e| fault(e.to_string()))?.into_rgb8())
}

/// Writes a part of `picture` as a JPEG.
pub(super) fn write_crop(picture: &RgbImage, part: CropRect, target: &Path) -> Result<()> {
    let crop = imageops::crop_imm(picture, part.x, part.y, part.width, part.height).to_image();
    let mut bytes = Vec::new();
    let fault = |e: image::ImageError| Error::Image { path: target.to_path_buf(), reason: e.to_string() };
    JpegEncoder::new_with_quality(&mut bytes, QUALITY).encode_image(&crop).map_err(fault)?;
    write_whole(target, &bytes)
}

/// The file, or why it cannot be used.
pub(crate) fn read_file(path: &Path) -> std::result::Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => "the picture is missing".to_owned(),
        _ => format!("the picture cannot be read: {e}"),
    })
}

/// Why a decoder refused, without the path that the caller names anyway.
pub(crate) fn reason(error: Error) -> String {
    match error {
        Error::Image { reason, .. } => format!("the picture cannot be decoded: {reason}"),
        other => other.to_string(),
    }
}
