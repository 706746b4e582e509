//! The two passes of a resize: AVX2 where the processor has it, plain Rust elsewhere, with the same result.

use super::{filter::Taps, resize::to_byte};

/// One row of the horizontal pass. `source` begins with pixel `first` of a row and may go on behind the row.
pub(super) fn horizontal(source: &[u8], (taps, first): (&Taps, usize), out: &mut [u8]) {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2.
        #[allow(unsafe_code)]
        return unsafe { super::avx2::horizontal(source, (taps, first), out) };
    }
    for (i, pixel) in out.chunks_exact_mut(3).enumerate() {
        horizontal_pixel(source, (taps, first), i, pixel);
    }
}

/// Row `i` of the vertical pass. `source` begins with row `first` of `taps` and has rows `stride` bytes apart.
pub(super) fn vertical(
    (source, stride): (&[u8], usize),
    (taps, i, first): (&Taps, usize, usize),
    out: &mut [u8],
) {
    let (start, weights) = taps.of(i);
    let source = &source[(start - first) * stride..];
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2.
        #[allow(unsafe_code)]
        return unsafe { super::avx2::vertical((source, stride), (weights, taps.by_four(i).1), out) };
    }
    for (x, byte) in out.iter_mut().enumerate() {
        *byte = vertical_byte(&source[x..], stride, weights);
    }
}

/// One pixel of the horizontal pass.
#[inline(always)]
pub(super) fn horizontal_pixel(source: &[u8], (taps, first): (&Taps, usize), i: usize, pixel: &mut [u8]) {
    let (start, weights) = taps.of(i);
    let mut sums = [0_i32; 3];
    for (bytes, &weight) in source[(start - first) * 3..].chunks_exact(3).zip(weights) {
        for (sum, &byte) in sums.iter_mut().zip(bytes) {
            *sum += i32::from(byte) * weight;
        }
    }
    for (byte, sum) in pixel.iter_mut().zip(sums) {
        *byte = to_byte(sum);
    }
}

/// One byte of the vertical pass.
#[inline(always)]
pub(super) fn vertical_byte(column: &[u8], stride: usize, weights: &[i32]) -> u8 {
    to_byte(weights.iter().zip(column.iter().step_by(stride)).map(|(&w, &p)| w * i32::from(p)).sum())
}
