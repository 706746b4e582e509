//! Where the pixels of a result lie in the resized image, as torchvision, timm and OpenCLIP compute it.

use super::{CropMode, PreprocessRecord};
use crate::{Error, Result};

/// A resize and a crop, which may reach past the borders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Placement {
    /// Height and width after the resize.
    pub(super) resized: [usize; 2],
    /// Row and column of the crop's first pixel in the resized image; negative where the crop is larger.
    pub(super) first: [isize; 2],
}

impl Placement {
    /// Where `record` puts an image of height and width `source`.
    pub(super) fn new(record: &PreprocessRecord, source: [usize; 2]) -> Result<Self> {
        let fraction = f64::from(record.crop_fraction);
        if record.size.contains(&0) || !(fraction > 0.0 && fraction <= 1.0) {
            return Err(Error::Invalid(format!(
                "a preprocess record needs a size of at least 1 and a crop fraction in (0, 1], not {:?} and {fraction}",
                record.size
            )));
        }
        let scaled = record.scaled_size();
        let resized = match record.crop_mode {
            CropMode::Squash => scaled,
            CropMode::Center if scaled[0] == scaled[1] => shorter_side(source, scaled[0]),
            CropMode::Center => keep_ratio(source, scaled, f64::min),
            CropMode::Longest => keep_ratio(source, scaled, f64::max),
        };
        // A strip a thousand times as long as it is wide would otherwise become an image of gigabytes.
        let pixels = resized[0].saturating_mul(resized[1]);
        if resized.contains(&0) || pixels > MAX_PIXELS {
            return Err(Error::Invalid(format!(
                "{} x {} pixels would be resized to {} x {}; such a strip is of no use",
                source[1], source[0], resized[1], resized[0]
            )));
        }
        let first = [0, 1].map(|i| center(resized[i], record.size[i]));
        Ok(Self { resized, first })
    }
}

/// Pixels that a resized image may have; only the crop of it is computed.
const MAX_PIXELS: usize = 1 << 30;

/// torchvision's `Resize(size)`: the longer side is `int(size * long / short)`.
pub(crate) fn shorter_side([height, width]: [usize; 2], size: usize) -> [usize; 2] {
    if width <= height { [size * height / width.max(1), size] } else { [size, size * width / height.max(1)] }
}

/// timm's and OpenCLIP's `ResizeKeepRatio`: `round(side / ratio)`, halves to even, the ratio being that of one side.
fn keep_ratio(source: [usize; 2], target: [usize; 2], pick: fn(f64, f64) -> f64) -> [usize; 2] {
    let ratio = [0, 1].map(|i| source[i] as f64 / target[i] as f64);
    let ratio = pick(ratio[0], ratio[1]);
    source.map(|side| (side as f64 / ratio).round_ties_even() as usize)
}

/// torchvision's `CenterCrop`: `int(round((side - crop) / 2))`, halves to even; where the image is smaller, the odd pixel
/// of padding goes to the right and the bottom.
pub(super) fn center(side: usize, crop: usize) -> isize {
    if crop > side {
        return -(((crop - side) / 2) as isize);
    }
    ((side - crop) as f64 / 2.0).round_ties_even() as isize
}
