//! Tiles with AVX2: products of bytes added in pairs (`vpmaddubsw`), then pairs of pairs.

use super::super::pack::{GROUP, PANEL};
use super::tile::{Scores, Sides};
use mdfe_simd::Avx2;
use std::arch::x86_64::*;

/// Rows of one register.
const LANES: usize = 8;
const VECTORS: usize = PANEL / LANES;
/// Queries of a sub-tile: with four registers of sums each, they leave room for what is multiplied.
const ROWS: usize = 2;

/// See [`super::tile::Kernel::compute`].
pub(super) fn compute(_proof: Avx2, sides: Sides<'_>, scores: &mut Scores) {
    // SAFETY: an `Avx2` exists only where the CPU has AVX2, and that is all `tile` asks for.
    #[allow(unsafe_code)]
    unsafe {
        tile(sides, scores);
    }
}

#[target_feature(enable = "avx2")]
fn tile(sides: Sides<'_>, scores: &mut Scores) {
    scores.hits = 0;
    let ones = _mm256_set1_epi16(1);
    for first in (0..GROUP).step_by(ROWS) {
        let mut sums = [[_mm256_setzero_si256(); VECTORS]; ROWS];
        for (query, rows) in sides.group.iter().zip(sides.panel) {
            let rows = rows.as_ptr();
            for (r, sums) in sums.iter_mut().enumerate() {
                let query = _mm256_set1_epi32(i32::from_le_bytes(query[first + r]));
                for (v, sum) in sums.iter_mut().enumerate() {
                    // SAFETY: `rows` are PANEL = VECTORS * LANES arrays of four bytes; this is vector v of them.
                    #[allow(unsafe_code)]
                    let rows = unsafe { _mm256_loadu_si256(rows.add(v * LANES).cast()) };
                    // Two products of at most 127 * 127 do not saturate 16 bits.
                    let pairs = _mm256_maddubs_epi16(query, rows);
                    *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(pairs, ones));
                }
            }
        }
        for (r, sums) in sums.iter().enumerate() {
            let q = first + r;
            let threshold = _mm256_set1_ps(sides.thresholds[q]);
            let mut reached = 0;
            for (v, &sum) in sums.iter().enumerate() {
                // SAFETY: each of the three arrays has PANEL = VECTORS * LANES values of four bytes; this is vector v of each.
                #[allow(unsafe_code)]
                let value = unsafe {
                    let correction = sides.facts.corrections.as_ptr().add(v * LANES);
                    let scale = _mm256_loadu_ps(sides.facts.scales.as_ptr().add(v * LANES));
                    let sum = _mm256_sub_epi32(sum, _mm256_loadu_si256(correction.cast()));
                    let value = _mm256_mul_ps(_mm256_cvtepi32_ps(sum), scale);
                    _mm256_storeu_ps(scores.values[q].as_mut_ptr().add(v * LANES), value);
                    value
                };
                reached |= _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_GE_OQ>(value, threshold));
            }
            scores.hits |= u32::from(reached != 0) << q;
        }
    }
}
