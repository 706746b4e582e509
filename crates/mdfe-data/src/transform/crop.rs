//! Random resized crops: which part of an image is taken.

use crate::random::below;
use rand::{Rng, RngExt};

/// A part of an image in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CropBox {
    /// First row.
    pub top: usize,
    /// First column.
    pub left: usize,
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
}

/// What a random resized crop draws from, as torchvision's `RandomResizedCrop`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CropRange {
    /// Smallest and largest share of the image's area, in (0, 1] (default: 0.08 to 1).
    pub scale: [f64; 2],
    /// Smallest and largest width divided by height (default: 3/4 to 4/3), drawn uniformly on a log scale.
    pub ratio: [f64; 2],
}

impl Default for CropRange {
    fn default() -> Self {
        Self { scale: [0.08, 1.0], ratio: [0.75, 4.0 / 3.0] }
    }
}

impl CropRange {
    /// Draws a part of an image: ten tries, then the largest centered part whose ratio is allowed
    /// (`RandomResizedCrop.get_params` of torchvision).
    pub fn draw(&self, [height, width]: [usize; 2], random: &mut impl Rng) -> CropBox {
        let area = (height * width) as f64;
        for _ in 0..10 {
            let share = area * uniform(self.scale, random);
            let ratio = uniform(self.ratio.map(f64::ln), random).exp();
            let w = (share * ratio).sqrt().round_ties_even() as usize;
            let h = (share / ratio).sqrt().round_ties_even() as usize;
            if (1..=width).contains(&w) && (1..=height).contains(&h) {
                let top = below((height - h + 1) as u64, random) as usize;
                let left = below((width - w + 1) as u64, random) as usize;
                return CropBox { top, left, height: h, width: w };
            }
        }
        self.centered([height, width])
    }

    /// The largest centered part whose ratio is allowed.
    pub fn centered(&self, [height, width]: [usize; 2]) -> CropBox {
        let ratio = width as f64 / height as f64;
        let (mut h, mut w) = (height, width);
        if ratio < self.ratio[0] {
            h = ((width as f64 / self.ratio[0]).round_ties_even() as usize).clamp(1, height);
        } else if ratio > self.ratio[1] {
            w = ((height as f64 * self.ratio[1]).round_ties_even() as usize).clamp(1, width);
        }
        CropBox { top: (height - h) / 2, left: (width - w) / 2, height: h, width: w }
    }
}

/// A number between two others.
pub(super) fn uniform([low, high]: [f64; 2], random: &mut impl Rng) -> f64 {
    low + (high - low) * random.random::<f64>()
}
