//! Colour operations of torchvision on Pillow images (`ImageEnhance`), bit for bit, and their random composition.

use super::crop::uniform;
use crate::random::shuffle;
use rand::Rng;

/// One colour operation with its factor; 1 leaves the image as it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ColorOp {
    /// Blend with black.
    Brightness(f32),
    /// Blend with the mean gray.
    Contrast(f32),
    /// Blend with the image in gray.
    Saturation(f32),
}

impl ColorOp {
    /// Applies the operation to bytes `[H, W, 3]`.
    pub fn apply(self, pixels: &mut [u8]) {
        match self {
            Self::Brightness(factor) => {
                let table: [u8; 256] = std::array::from_fn(|v| blend(0, v as u8, factor));
                pixels.iter_mut().for_each(|v| *v = table[usize::from(*v)]);
            }
            Self::Contrast(factor) => {
                let sum: u64 = pixels.chunks_exact(3).map(|p| u64::from(gray(p))).sum();
                let mean = (sum as f64 / (pixels.len() / 3).max(1) as f64 + 0.5) as u8;
                let table: [u8; 256] = std::array::from_fn(|v| blend(mean, v as u8, factor));
                pixels.iter_mut().for_each(|v| *v = table[usize::from(*v)]);
            }
            Self::Saturation(factor) => {
                for pixel in pixels.chunks_exact_mut(3) {
                    let gray = gray(pixel);
                    pixel.iter_mut().for_each(|v| *v = blend(gray, *v, factor));
                }
            }
        }
    }
}

/// Pillow's `convert("L")`: ITU-R 601 luma with 16 fraction bits.
pub(crate) fn gray(pixel: &[u8]) -> u8 {
    let [r, g, b] = [0, 1, 2].map(|c| u32::from(pixel[c]));
    ((r * 19_595 + g * 38_470 + b * 7_471 + 0x8000) >> 16) as u8
}

/// Pillow's `Image.blend`: in f32, clipped, cut to an integer.
fn blend(from: u8, to: u8, factor: f32) -> u8 {
    if factor == 1.0 {
        return to;
    }
    (f32::from(from) + factor * (f32::from(to) - f32::from(from))).clamp(0.0, 255.0) as u8
}

/// Random colour operations in random order, as torchvision's `ColorJitter` without hue.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ColorJitter {
    /// Smallest and largest factor of brightness (default: 0.6 to 1.4).
    pub brightness: [f64; 2],
    /// Smallest and largest factor of contrast (default: 0.6 to 1.4).
    pub contrast: [f64; 2],
    /// Smallest and largest factor of saturation (default: 0.6 to 1.4).
    pub saturation: [f64; 2],
}

impl Default for ColorJitter {
    fn default() -> Self {
        let range = [0.6, 1.4];
        Self { brightness: range, contrast: range, saturation: range }
    }
}

impl ColorJitter {
    /// Draws the operations and their order.
    pub fn draw(&self, random: &mut impl Rng) -> [ColorOp; 3] {
        let mut ops = [
            ColorOp::Brightness(uniform(self.brightness, random) as f32),
            ColorOp::Contrast(uniform(self.contrast, random) as f32),
            ColorOp::Saturation(uniform(self.saturation, random) as f32),
        ];
        shuffle(&mut ops, random);
        ops
    }
}
