//! Small copies of images for people to look at.

use super::decode::{decode_with, read};
use crate::{DecodeOptions, Error, Result};
use image::{codecs::jpeg::JpegEncoder, imageops};
use std::path::Path;

/// JPEG quality: artefacts are hard to see at the size of a thumb.
const QUALITY: u8 = 78;

/// A JPEG of an image whose longer side has at most `side` pixels, upright as its EXIF orientation says; an image that is smaller keeps its size.
///
/// For people alone: what a model sees is made by [`Preprocessor`](crate::Preprocessor).
///
/// # Errors
/// [`Error::Io`] or [`Error::Image`] naming the file and the reason.
pub fn thumbnail(path: &Path, side: u32) -> Result<Vec<u8>> {
    let options = DecodeOptions { exif_orientation: true, ..DecodeOptions::default() };
    let image = decode_with(path, &read(path)?, options)?.image;
    let (width, height) = image.dimensions();
    let share = f64::from(side.max(1)) / f64::from(width.max(height).max(1));
    let image = if share < 1.0 {
        let scaled = |pixels: u32| ((f64::from(pixels) * share).round() as u32).max(1);
        imageops::thumbnail(&image, scaled(width), scaled(height))
    } else {
        image
    };
    let mut jpeg = Vec::new();
    let encoded = JpegEncoder::new_with_quality(&mut jpeg, QUALITY).encode_image(&image);
    encoded.map_err(|e| Error::Image { path: path.to_path_buf(), reason: e.to_string() })?;
    Ok(jpeg)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_longer_side_is_as_asked_and_small_images_keep_theirs() {
        let dir = tempfile::tempdir().unwrap();
        for ((width, height), expected) in [((400, 100), (80, 20)), ((3, 900), (1, 80)), ((30, 20), (30, 20))]
        {
            let path = dir.path().join(format!("{width}.png"));
            image::RgbImage::from_pixel(width, height, image::Rgb([10, 200, 30])).save(&path).unwrap();
            let jpeg = thumbnail(&path, 80).unwrap();
            let image =
                image::load_from_memory_with_format(&jpeg, image::ImageFormat::Jpeg).unwrap().to_rgb8();
            assert_eq!(image.dimensions(), expected);
            let [r, g, b] = image.get_pixel(0, 0).0.map(i32::from);
            assert!((r - 10).abs() < 6 && (g - 200).abs() < 6 && (b - 30).abs() < 6, "{r} {g} {b}");
        }
        let error = thumbnail(&dir.path().join("none.png"), 80).unwrap_err().to_string();
        assert!(error.contains("none.png"), "{error}");
    }
}
