//! The two passes of a resize. Each is plain Rust, compiled a second time for AVX2, which is chosen at run time.

use super::{filter::Taps, resize::to_byte};

/// Output bytes whose sums of the vertical pass stay in registers.
const BLOCK: usize = 64;

/// One row of the horizontal pass; `source` begins with the row's first pixel and may go on behind it.
pub(super) fn horizontal(source: &[u8], taps: &Taps, out: &mut [u8]) {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2.
        #[allow(unsafe_code)]
        return unsafe { horizontal_avx2(source, taps, out) };
    }
    horizontal_any(source, taps, out);
}

/// One row of the vertical pass; `source` begins with the first row that is read, rows as long as `out`.
pub(super) fn vertical(source: &[u8], weights: &[i32], out: &mut [u8]) {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2.
        #[allow(unsafe_code)]
        return unsafe { vertical_avx2(source, weights, out) };
    }
    vertical_any(source, weights, out);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn horizontal_avx2(source: &[u8], taps: &Taps, out: &mut [u8]) {
    horizontal_any(source, taps, out);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn vertical_avx2(source: &[u8], weights: &[i32], out: &mut [u8]) {
    vertical_any(source, weights, out);
}

#[inline(always)]
fn horizontal_any(source: &[u8], taps: &Taps, out: &mut [u8]) {
    for (i, pixel) in out.chunks_exact_mut(3).enumerate() {
        let (start, weights) = taps.of(i);
        let mut sum = [0_i32; 4];
        let pixels = &source[start * 3..];
        // Four bytes are read for the three of a pixel, which vectorises; the row's last pixel may have no fourth.
        if pixels.len() > weights.len() * 3 {
            for (k, &weight) in weights.iter().enumerate() {
                let bytes: &[u8] = &pixels[k * 3..k * 3 + 4];
                for c in 0..4 {
                    sum[c] += i32::from(bytes[c]) * weight;
                }
            }
        } else {
            for (bytes, &weight) in pixels.chunks_exact(3).zip(weights) {
                for c in 0..3 {
                    sum[c] += i32::from(bytes[c]) * weight;
                }
            }
        }
        for c in 0..3 {
            pixel[c] = to_byte(sum[c]);
        }
    }
}

#[inline(always)]
fn vertical_any(source: &[u8], weights: &[i32], out: &mut [u8]) {
    let stride = out.len();
    let mut blocks = out.chunks_exact_mut(BLOCK);
    let mut first = 0;
    for block in &mut blocks {
        let mut sum = [0_i32; BLOCK];
        for (k, &weight) in weights.iter().enumerate() {
            let row = &source[k * stride + first..][..BLOCK];
            for c in 0..BLOCK {
                sum[c] += i32::from(row[c]) * weight;
            }
        }
        for c in 0..BLOCK {
            block[c] = to_byte(sum[c]);
        }
        first += BLOCK;
    }
    for (c, byte) in blocks.into_remainder().iter_mut().enumerate() {
        let column = &source[first + c..];
        let sum = weights.iter().zip(column.iter().step_by(stride)).map(|(&w, &p)| w * i32::from(p)).sum();
        *byte = to_byte(sum);
    }
}
