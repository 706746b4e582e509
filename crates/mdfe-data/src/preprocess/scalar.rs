//! The passes of a resize in plain Rust, a value at a time.

use super::{
    filter::{Weighted, Window, to_byte},
    rows::Rows,
};

/// See [`super::passes::horizontal`].
pub(super) fn horizontal(source: &[u8], window: Window<'_>, out: &mut [u8]) {
    for (i, pixel) in out.chunks_exact_mut(3).enumerate() {
        horizontal_pixel(source, window.one_by_one(i), pixel);
    }
}

/// One row of the vertical pass: `source` begins with the first row that has a weight.
pub(super) fn vertical(source: Rows<'_>, weights: &[i32], out: &mut [u8]) {
    for (x, byte) in out.iter_mut().enumerate() {
        *byte = vertical_byte(source, x, weights);
    }
}

/// One pixel of the horizontal pass.
#[inline(always)]
pub(super) fn horizontal_pixel(source: &[u8], taps: Weighted<'_, i32>, pixel: &mut [u8]) {
    let mut sums = [0_i32; 3];
    for (bytes, &weight) in source[taps.start * 3..].chunks_exact(3).zip(taps.weights) {
        for (sum, &byte) in sums.iter_mut().zip(bytes) {
            *sum += i32::from(byte) * weight;
        }
    }
    for (byte, sum) in pixel.iter_mut().zip(sums) {
        *byte = to_byte(sum);
    }
}

/// Byte `x` of a row of the vertical pass.
#[inline(always)]
pub(super) fn vertical_byte(source: Rows<'_>, x: usize, weights: &[i32]) -> u8 {
    let column = source.bytes[x..].iter().step_by(source.stride);
    to_byte(weights.iter().zip(column).map(|(&w, &p)| w * i32::from(p)).sum())
}
