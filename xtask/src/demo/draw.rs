//! An artist's file as a small PNG on white.

use anyhow::{Context, Result};
use image::{
    ExtendedColorType, ImageEncoder, RgbImage,
    codecs::png::{CompressionType, FilterType, PngEncoder},
};
use resvg::{tiny_skia, usvg};
use std::path::Path;

/// The image in `path` (PNG or SVG) as a PNG of `side` x `side` pixels, composited on white.
pub(super) fn image(path: &Path, side: u32) -> Result<Vec<u8>> {
    let bytes = std::fs::read(path)?;
    let image = if path.extension().is_some_and(|e| e == "svg") {
        rasterise(&bytes, side)?
    } else {
        let image = image::load_from_memory(&bytes)?.into_rgba8();
        let (width, height) = image.dimensions();
        let mut out = RgbImage::from_pixel(side, side, image::Rgb([255; 3]));
        // The artists' PNGs are 64 pixels already; a smaller one is centred.
        let (left, top) = (side.saturating_sub(width) / 2, side.saturating_sub(height) / 2);
        for (x, y, pixel) in image.enumerate_pixels() {
            if let Some(target) = out.get_pixel_mut_checked(x + left, y + top) {
                let [r, g, b, a] = pixel.0;
                target.0 = [r, g, b].map(|v| on_white(u32::from(v) * u32::from(a), a));
            }
        }
        out
    };
    let mut png = Vec::new();
    PngEncoder::new_with_quality(&mut png, CompressionType::Best, FilterType::Adaptive).write_image(
        image.as_raw(),
        side,
        side,
        ExtendedColorType::Rgb8,
    )?;
    Ok(png)
}

fn rasterise(svg: &[u8], side: u32) -> Result<RgbImage> {
    let tree = usvg::Tree::from_data(svg, &usvg::Options::default())?;
    let mut pixmap = tiny_skia::Pixmap::new(side, side).context("the side is not 0")?;
    let size = tree.size();
    let scale = side as f32 / size.width().max(size.height());
    resvg::render(&tree, tiny_skia::Transform::from_scale(scale, scale), &mut pixmap.as_mut());
    let mut out = RgbImage::new(side, side);
    for (target, pixel) in out.pixels_mut().zip(pixmap.pixels()) {
        // Premultiplied already, in bytes.
        let [r, g, b] = [pixel.red(), pixel.green(), pixel.blue()];
        target.0 = [r, g, b].map(|v| on_white(u32::from(v) * 255, pixel.alpha()));
    }
    Ok(out)
}

/// `premultiplied` is colour times alpha, 0..=255 * 255; what alpha leaves free is white.
fn on_white(premultiplied: u32, alpha: u8) -> u8 {
    let white = 255 * (255 - u32::from(alpha));
    ((premultiplied + white + 127) / 255).min(255) as u8
}
