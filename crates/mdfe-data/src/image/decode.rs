//! Files and bytes to images, with limits.

use super::{jpeg, to_rgb::to_rgb};
use crate::{Error, Result};
use image::{DynamicImage, ImageFormat, ImageReader, Limits, RgbImage};
use mdfe_simd::Level;
use std::{io::Cursor, path::Path};

/// No image is wider or higher; a file that says so is broken or hostile.
const MAX_SIDE: u32 = 32_768;
/// Pixels of the largest image: Pillow refuses more than twice its `MAX_IMAGE_PIXELS` as a decompression bomb.
const MAX_PIXELS: u64 = 2 * (1024 * 1024 * 1024 / 4 / 3);
/// Memory that decoding one image may take, bytes.
const MAX_BYTES: u64 = 1 << 30;

/// Reads an image as RGB, as Pillow's `Image.open(path).convert("RGB")`: alpha is dropped, gray is repeated, palettes are
/// looked up, 16 bits of colour lose the lower 8, 16 bits of gray are cut off at 255, CMYK is multiplied out. The content tells the format, not the name. EXIF
/// orientation is not applied.
///
/// Errors: [`Error::Io`] or [`Error::Image`] naming the file and the reason.
pub fn decode(path: &Path) -> Result<RgbImage> {
    decode_bytes(path, &std::fs::read(path).map_err(Error::io("read", path))?)
}

/// [`decode`] for a file that is already in memory; `path` only serves the error.
pub fn decode_bytes(path: &Path, bytes: &[u8]) -> Result<RgbImage> {
    let fault = |reason: String| Error::Image { path: path.to_path_buf(), reason };
    if bytes.is_empty() {
        return Err(fault("the file is empty".to_owned()));
    }
    let Ok(format) = image::guess_format(bytes) else {
        return Err(fault(
            "this is no JPEG, PNG, WebP, GIF, BMP or TIFF image; its first bytes fit none".to_owned(),
        ));
    };
    let image = by_format(bytes, format).map_err(fault)?;
    if image.width() == 0 || image.height() == 0 {
        return Err(fault("the image has no pixels".to_owned()));
    }
    Ok(image)
}

fn by_format(bytes: &[u8], format: ImageFormat) -> std::result::Result<RgbImage, String> {
    check_size(bytes, format)?;
    match format {
        ImageFormat::Jpeg => jpeg::decode(bytes, Level::current()),
        _ => generic(bytes, format).map(to_rgb),
    }
}

fn generic(bytes: &[u8], format: ImageFormat) -> std::result::Result<DynamicImage, String> {
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_BYTES);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits);
    reader.decode().map_err(|e| e.to_string())
}

/// Refuses an image for its size before memory is taken for it.
fn check_size(bytes: &[u8], format: ImageFormat) -> std::result::Result<(), String> {
    let reader = ImageReader::with_format(Cursor::new(bytes), format);
    let (width, height) = reader.into_dimensions().map_err(|e| e.to_string())?;
    if width > MAX_SIDE || height > MAX_SIDE || u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(format!(
            "{width} x {height} pixels are too many; at most {MAX_SIDE} a side and {MAX_PIXELS} in all are decoded"
        ));
    }
    Ok(())
}
