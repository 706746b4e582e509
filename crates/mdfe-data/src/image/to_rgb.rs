//! Pillow's `convert("RGB")`.

use super::{Notice, decode::Decoded};
use image::{DynamicImage, RgbImage};

/// Drops alpha, repeats gray, cuts 16 bits of colour to the upper 8, and 16 bits of gray off at 255.
pub(super) fn to_rgb(image: DynamicImage) -> Decoded {
    let (width, height) = (image.width(), image.height());
    let high = |value: u16| (value >> 8) as u8;
    let mut notice = None;
    let bytes: Vec<u8> = match image {
        DynamicImage::ImageRgb8(image) => return Decoded { image, notice },
        DynamicImage::ImageRgba8(p) => rgb(p.pixels().map(|p| [p[0], p[1], p[2]])),
        DynamicImage::ImageRgb16(p) => rgb(p.pixels().map(|p| p.0.map(high))),
        DynamicImage::ImageRgba16(p) => rgb(p.pixels().map(|p| [p[0], p[1], p[2]].map(high))),
        // Pillow keeps 16-bit gray as numbers and cuts them off at 255, so that most such images turn white. Backbones
        // are compared through Pillow, so it is the same here.
        DynamicImage::ImageLuma16(p) => {
            let above = p.iter().filter(|&&v| v > 255).count();
            notice = (above > 0).then_some(Notice::GrayCutOff { above, pixels: p.len() });
            rgb(p.iter().map(|&v| [v.min(255) as u8; 3]))
        }
        DynamicImage::ImageLumaA16(p) => rgb(p.pixels().map(|p| [high(p[0]); 3])),
        DynamicImage::ImageLuma8(p) => rgb(p.iter().map(|&v| [v; 3])),
        DynamicImage::ImageLumaA8(p) => rgb(p.pixels().map(|p| [p[0]; 3])),
        other => return Decoded { image: other.into_rgb8(), notice },
    };
    Decoded { image: RgbImage::from_raw(width, height, bytes).unwrap_or_default(), notice }
}

/// The pixels side by side, in memory of just their size.
fn rgb(pixels: impl ExactSizeIterator<Item = [u8; 3]>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(pixels.len() * 3);
    bytes.extend(pixels.flatten());
    bytes
}
