//! The passes of a resize with AVX2.
//!
//! A weight has 23 bits and a multiplication of 32-bit lanes is slow, so weights come in two parts that multiply in 16-bit
//! lanes, two taps at once (`vpmaddwd`); the sums are joined in the end, and the result is exact.

use super::{
    filter::{HALF, Halves, LOW_BITS, PRECISION_BITS, Window},
    rows::Rows,
    scalar::{horizontal_pixel, vertical_byte},
};
use mdfe_simd::Avx2;
use std::arch::x86_64::*;

/// Bytes of a row that the vertical pass computes at once, and that the horizontal pass reads at once.
const BLOCK: usize = 16;

/// The weights of one row of the vertical pass, in both forms.
#[derive(Clone, Copy)]
pub(super) struct Weights<'a> {
    pub(super) one_by_one: &'a [i32],
    pub(super) by_four: &'a [Halves],
}

/// See [`super::passes::horizontal`].
pub(super) fn horizontal(_proof: Avx2, source: &[u8], window: Window<'_>, out: &mut [u8]) {
    // SAFETY: an `Avx2` exists only where the CPU has AVX2, and that is all `horizontal_row` asks for.
    #[allow(unsafe_code)]
    unsafe {
        horizontal_row(source, window, out);
    }
}

/// One row of the vertical pass: `source` begins with the first row that has a weight.
pub(super) fn vertical(_proof: Avx2, source: Rows<'_>, weights: Weights<'_>, out: &mut [u8]) {
    // SAFETY: an `Avx2` exists only where the CPU has AVX2, and that is all `vertical_row` asks for.
    #[allow(unsafe_code)]
    unsafe {
        vertical_row(source, weights, out);
    }
}

#[target_feature(enable = "avx2")]
fn horizontal_row(source: &[u8], window: Window<'_>, out: &mut [u8]) {
    // Four pixels become pairs of 16-bit values: red 0 1, red 2 3, green 0 1, green 2 3, blue 0 1, blue 2 3.
    const Z: i8 = -1;
    let spread = _mm256_setr_epi8(
        0, Z, 3, Z, 6, Z, 9, Z, 1, Z, 4, Z, 7, Z, 10, Z, 2, Z, 5, Z, 8, Z, 11, Z, Z, Z, Z, Z, Z, Z, Z, Z,
    );
    let count = out.len() / 3;
    for i in 0..count {
        let taps = window.by_four(i);
        // A block is read for four pixels, 12 bytes, and four bytes are written for one pixel. Where the source or the
        // row has no room for that, the pixel is computed alone.
        let length = taps.weights.len() * 12 + 4;
        let blocks = source[taps.start * 3..].get(..length).filter(|_| i + 1 < count);
        let Some(blocks) = blocks else {
            horizontal_pixel(source, window.one_by_one(i), &mut out[i * 3..i * 3 + 3]);
            continue;
        };
        let (mut high, mut low) = (_mm256_setzero_si256(), _mm256_setzero_si256());
        for (block, group) in blocks.array_windows::<BLOCK>().step_by(12).zip(taps.weights) {
            let block: __m128i = bytemuck::cast(*block);
            let values = _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(block), spread);
            high = _mm256_add_epi32(high, _mm256_madd_epi16(values, four(group.high)));
            low = _mm256_add_epi32(low, _mm256_madd_epi16(values, four(group.low)));
        }
        let sums = _mm256_add_epi32(_mm256_slli_epi32::<{ LOW_BITS as i32 }>(high), low);
        let sums = _mm256_hadd_epi32(sums, sums);
        let sums = _mm_unpacklo_epi64(_mm256_castsi256_si128(sums), _mm256_extracti128_si256::<1>(sums));
        let sums = _mm_srai_epi32::<{ PRECISION_BITS as i32 }>(_mm_add_epi32(sums, _mm_set1_epi32(HALF)));
        let words = _mm_packs_epi32(sums, sums);
        let pixel = _mm_cvtsi128_si32(_mm_packus_epi16(words, words));
        out[i * 3..i * 3 + 4].copy_from_slice(&pixel.to_le_bytes());
    }
}

/// Four 16-bit weights, repeated.
#[target_feature(enable = "avx2")]
#[inline]
fn four(weights: [i16; 4]) -> __m256i {
    _mm256_set1_epi64x(bytemuck::cast(weights))
}

/// Two 16-bit weights, repeated.
#[target_feature(enable = "avx2")]
#[inline]
fn two(weights: [i16; 2]) -> __m256i {
    _mm256_set1_epi32(bytemuck::cast(weights))
}

#[target_feature(enable = "avx2")]
fn vertical_row(source: Rows<'_>, weights: Weights<'_>, out: &mut [u8]) {
    let count = weights.one_by_one.len();
    let mut blocks = out.chunks_exact_mut(BLOCK);
    let mut x = 0;
    for block in &mut blocks {
        let zero = _mm256_setzero_si256();
        let (mut high, mut low) = ([zero; 2], [zero; 2]);
        for y in (0..count).step_by(2) {
            let group = &weights.by_four[y / 4];
            let (h, l) = if y % 4 == 0 {
                (two([group.high[0], group.high[1]]), two([group.low[0], group.low[1]]))
            } else {
                (two([group.high[2], group.high[3]]), two([group.low[2], group.low[3]]))
            };
            let upper = load(&source.bytes[y * source.stride + x..]);
            // An odd number of rows has a weight of zero behind it, for any row.
            let next = if y + 1 < count { y + 1 } else { y };
            let lower = load(&source.bytes[next * source.stride + x..]);
            let pairs = [_mm_unpacklo_epi8(upper, lower), _mm_unpackhi_epi8(upper, lower)];
            for half in 0..2 {
                let values = _mm256_cvtepu8_epi16(pairs[half]);
                high[half] = _mm256_add_epi32(high[half], _mm256_madd_epi16(values, h));
                low[half] = _mm256_add_epi32(low[half], _mm256_madd_epi16(values, l));
            }
        }
        let mut sums = [zero; 2];
        for half in 0..2 {
            let sum = _mm256_add_epi32(_mm256_slli_epi32::<{ LOW_BITS as i32 }>(high[half]), low[half]);
            sums[half] = _mm256_srai_epi32::<{ PRECISION_BITS as i32 }>(_mm256_add_epi32(
                sum,
                _mm256_set1_epi32(HALF),
            ));
        }
        // Packing works within 128-bit lanes; the permutation puts the quarters back in order.
        let words = _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_packs_epi32(sums[0], sums[1]));
        let bytes = _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256::<1>(words));
        block.copy_from_slice(bytemuck::bytes_of(&bytes));
        x += BLOCK;
    }
    for (i, byte) in blocks.into_remainder().iter_mut().enumerate() {
        *byte = vertical_byte(source, x + i, weights.one_by_one);
    }
}

/// The first 16 of `bytes`.
#[target_feature(enable = "avx2")]
#[inline]
fn load(bytes: &[u8]) -> __m128i {
    bytemuck::pod_read_unaligned(&bytes[..BLOCK])
}
