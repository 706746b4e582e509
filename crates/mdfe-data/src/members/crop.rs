//! A box of an image as an image of its own.

use crate::{Error, Result, decode_bytes, padded_crop};
use image::{ImageFormat, imageops::crop_imm};
use std::{io::Cursor, path::Path};

const BOX: &str = "box=";

/// The last part of the path of a box: `box=x1,y1,x2,y2`.
pub(crate) fn box_name([x1, y1, x2, y2]: [f64; 4]) -> String {
    format!("{BOX}{x1},{y1},{x2},{y2}")
}

/// The corners that such a part stands for.
pub(super) fn parse(name: &str) -> Option<[f64; 4]> {
    let numbers: Option<Vec<f64>> = name.strip_prefix(BOX)?.split(',').map(|n| n.parse().ok()).collect();
    numbers?.try_into().ok()
}

/// The part of an image that a box shows, with the room of 2 % that preparation leaves around boxes ([`padded_crop`]), as the bytes
/// of a BMP: nothing is lost, and the same image and box give the same bytes. The box is in pixels of the image as it is stored; EXIF
/// turns nothing.
pub(super) fn cut(path: &Path, bytes: &[u8], corners: [f64; 4]) -> Result<Vec<u8>> {
    let fault = |reason: String| Error::Image { path: path.to_path_buf(), reason };
    let image = decode_bytes(path, bytes)?;
    let [height, width] = [image.height(), image.width()];
    let part = padded_crop(corners, [height as usize, width as usize]).ok_or_else(|| {
        fault(format!("the box is empty or outside of the image of {width} x {height} pixels"))
    })?;
    let [x, y, w, h] = [part.left, part.top, part.width, part.height].map(|side| side as u32);
    let mut out = Cursor::new(Vec::new());
    crop_imm(&image, x, y, w, h)
        .to_image()
        .write_to(&mut out, ImageFormat::Bmp)
        .map_err(|e| fault(format!("the box cannot be cut out: {e}")))?;
    Ok(out.into_inner())
}
