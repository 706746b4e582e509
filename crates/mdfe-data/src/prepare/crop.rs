//! The part of an image that a box shows, with a little room around it.

use crate::CropBox;

/// Room on each side, as a fraction of the box's width and height.
const OFFSET: f64 = 0.02;

/// The crop of `corners` (x1, y1, x2, y2 in pixels) out of an image of `[height, width]` pixels.
///
/// The box grows by 2 % of its width to the left and right and of its height above and below, is rounded to whole
/// pixels (halves to even, as Pillow's `Image.crop` rounds) and clamped to the image. `None` where the box is
/// empty, not finite, or shows no pixel of the image.
pub fn padded_crop(corners: [f64; 4], [height, width]: [usize; 2]) -> Option<CropBox> {
    let [x1, y1, x2, y2] = corners;
    if !corners.iter().all(|v| v.is_finite()) || x2 <= x1 || y2 <= y1 {
        return None;
    }
    let across = padded_side(x1, x2, width)?;
    let down = padded_side(y1, y2, height)?;
    Some(CropBox { top: down.start, left: across.start, height: down.len(), width: across.len() })
}

/// The pixels along one axis of `limit` pixels, at least one.
fn padded_side(low: f64, high: f64, limit: usize) -> Option<std::ops::Range<usize>> {
    let offset = OFFSET * (high - low);
    let clamp = |v: f64| v.round_ties_even().clamp(0.0, limit as f64) as usize;
    let pixels = clamp(low - offset)..clamp(high + offset);
    (!pixels.is_empty()).then_some(pixels)
}
