//! Files and bytes to images.

use super::{DecodeOptions, Notice, guard::guarded, jpeg, other};
use crate::{Error, ImageReader, Result};
use image::{DynamicImage, ImageFormat, RgbImage, metadata::Orientation};
use mdfe_simd::Level;
use std::path::Path;

/// An image and what is worth knowing about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// The image.
    pub image: RgbImage,
    /// What was lost on the way.
    pub notice: Option<Notice>,
}

/// Reads an image as RGB, as Pillow's `Image.open(path).convert("RGB")`: alpha is dropped, gray is repeated, palettes are
/// looked up, 16 bits of colour lose the lower 8, 16 bits of gray are cut off at 255, CMYK is multiplied out. The content
/// tells the format, not the name. EXIF orientation is not applied, except that of TIFF files.
///
/// Errors: [`Error::Io`] or [`Error::Image`] naming the file and the reason.
pub fn decode(path: &Path) -> Result<RgbImage> {
    decode_bytes(path, &read(path)?)
}

/// [`decode`] for a file that is already in memory; `path` only serves the error.
pub fn decode_bytes(path: &Path, bytes: &[u8]) -> Result<RgbImage> {
    Ok(decode_with(path, bytes, DecodeOptions::default())?.image)
}

/// [`decode_bytes`] with options; it also tells what was lost.
///
/// Errors: [`Error::Image`]. That one image takes too much memory is an error, and so is a panic of the decoder.
pub fn decode_with(path: &Path, bytes: &[u8], options: DecodeOptions) -> Result<Decoded> {
    let work = || {
        #[cfg(test)]
        assert!(!path.ends_with(PANICS), "injected panic");
        by_format(bytes, options)
    };
    guarded(work).map_err(|reason| Error::Image { path: path.to_path_buf(), reason })
}

/// The name of a file whose decoding panics in unit tests: no file is known that does so by itself.
#[cfg(test)]
pub(crate) const PANICS: &str = "panics.png";

/// The bytes of an image.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    ImageReader::default().read(path)
}

fn by_format(bytes: &[u8], options: DecodeOptions) -> std::result::Result<Decoded, String> {
    if bytes.is_empty() {
        return Err("the file is empty".to_owned());
    }
    let format = image::guess_format(bytes).map_err(|_| {
        "this is no JPEG, PNG, WebP, GIF, BMP or TIFF image; its first bytes fit none".to_owned()
    })?;
    let (decoded, orientation) = match format {
        ImageFormat::Jpeg => {
            let (image, orientation) = jpeg::decode(bytes, options, Level::current())?;
            (Decoded { image, notice: None }, orientation)
        }
        _ => other::decode(bytes, format, options)?,
    };
    if options.turns(format) {
        return Ok(Decoded { image: turned(decoded.image, orientation), ..decoded });
    }
    Ok(decoded)
}

fn turned(image: RgbImage, orientation: Orientation) -> RgbImage {
    let mut image = DynamicImage::ImageRgb8(image);
    image.apply_orientation(orientation);
    image.into_rgb8()
}
