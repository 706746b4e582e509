//! Crops as JPEG files.

use crate::{
    CropBox, Error, Result,
    files::{self, WriteOptions},
};
use image::{RgbImage, codecs::jpeg::JpegEncoder, imageops};
use std::path::Path;

/// Quality of crops, in JPEG's scale to 100. Colours are kept at full resolution (4:4:4). A lossless format would make
/// the crops several times as large, and the images they come from are JPEGs that have lost more already.
const QUALITY: u8 = 95;

/// Writes a part of `image`, which lies inside it. Returns the bytes of the file.
pub(super) fn write_crop(image: &RgbImage, part: CropBox, target: &Path) -> Result<usize> {
    // Sides of an image fit in 32 bits, and so do those of its parts.
    let [left, top, width, height] = [part.left, part.top, part.width, part.height].map(|side| side as u32);
    let crop = imageops::crop_imm(image, left, top, width, height).to_image();
    let mut bytes = Vec::new();
    let fault = |e: image::ImageError| Error::Image { path: target.to_path_buf(), reason: e.to_string() };
    JpegEncoder::new_with_quality(&mut bytes, QUALITY).encode_image(&crop).map_err(fault)?;
    files::write(target, &WriteOptions::RESTARTABLE, &bytes).map(|()| bytes.len())
}
