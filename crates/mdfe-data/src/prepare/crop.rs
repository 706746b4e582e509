//! The part of an image that a box shows, with a little room around it.

/// Room on each side, as a fraction of the box's width and height.
const OFFSET: f64 = 0.02;

/// A part of an image, in whole pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CropRect {
    /// Left edge.
    pub x: u32,
    /// Upper edge.
    pub y: u32,
    /// Width, at least 1.
    pub width: u32,
    /// Height, at least 1.
    pub height: u32,
}

/// The crop of `corners` (x1, y1, x2, y2 in pixels) out of an image of `size` (width, height in pixels).
///
/// The box grows by 2 % of its width to the left and right and of its height above and below, is rounded to whole
/// pixels (halves to even, as Pillow's `Image.crop` rounds) and clamped to the image. `None` where the box is
/// empty, not finite, or shows no pixel of the image.
pub fn padded_crop(corners: [f64; 4], size: (u32, u32)) -> Option<CropRect> {
    let [x1, y1, x2, y2] = corners;
    if !corners.iter().all(|v| v.is_finite()) || x2 <= x1 || y2 <= y1 {
        return None;
    }
    let (x, width) = padded_side(x1, x2, size.0)?;
    let (y, height) = padded_side(y1, y2, size.1)?;
    Some(CropRect { x, y, width, height })
}

/// Start and length along one axis.
fn padded_side(low: f64, high: f64, limit: u32) -> Option<(u32, u32)> {
    let offset = OFFSET * (high - low);
    let clamp = |v: f64| v.round_ties_even().clamp(0.0, f64::from(limit)) as u32;
    let (start, end) = (clamp(low - offset), clamp(high + offset));
    (end > start).then(|| (start, end - start))
}
