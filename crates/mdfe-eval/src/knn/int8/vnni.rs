//! Tiles with AVX-512 VNNI: four products of bytes added to a sum in one instruction (`vpdpbusd`).

use super::super::pack::{GROUP, PANEL};
use super::tile::{Scores, Sides};
use mdfe_simd::Avx512;
use std::arch::x86_64::*;

/// Rows of one register.
const LANES: usize = 16;
const VECTORS: usize = PANEL / LANES;

/// AVX-512 with its products of bytes is there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Vnni {
    _base: Avx512,
}

impl Vnni {
    /// The proof, where the CPU has it.
    pub(super) fn detect(base: Avx512) -> Option<Self> {
        is_x86_feature_detected!("avx512vnni").then_some(Self { _base: base })
    }
}

/// See [`super::tile::Kernel::compute`].
pub(super) fn compute(_proof: Vnni, sides: Sides<'_>, scores: &mut Scores) {
    // SAFETY: a `Vnni` exists only where the CPU has AVX-512 F and VNNI, and that is all `tile` asks for.
    #[allow(unsafe_code)]
    unsafe {
        tile(sides, scores);
    }
}

#[target_feature(enable = "avx512f,avx512vnni")]
fn tile(sides: Sides<'_>, scores: &mut Scores) {
    scores.hits = 0;
    let mut sums = [[_mm512_setzero_si512(); VECTORS]; GROUP];
    for (query, rows) in sides.group.iter().zip(sides.panel) {
        let mut columns = [_mm512_setzero_si512(); VECTORS];
        for (v, column) in columns.iter_mut().enumerate() {
            // SAFETY: `rows` are PANEL = VECTORS * LANES arrays of four bytes; this is vector v of them.
            #[allow(unsafe_code)]
            let loaded = unsafe { _mm512_loadu_si512(rows.as_ptr().add(v * LANES).cast()) };
            *column = loaded;
        }
        for (sums, query) in sums.iter_mut().zip(query) {
            let query = _mm512_set1_epi32(i32::from_le_bytes(*query));
            for (sum, column) in sums.iter_mut().zip(columns) {
                *sum = _mm512_dpbusd_epi32(*sum, query, column);
            }
        }
    }
    for (q, sums) in sums.iter().enumerate() {
        let threshold = _mm512_set1_ps(sides.thresholds[q]);
        let mut reached = 0;
        for (v, &sum) in sums.iter().enumerate() {
            // SAFETY: each of the three arrays has PANEL = VECTORS * LANES values of four bytes; this is vector v of each.
            #[allow(unsafe_code)]
            let value = unsafe {
                let correction = sides.facts.corrections.as_ptr().add(v * LANES);
                let scale = _mm512_loadu_ps(sides.facts.scales.as_ptr().add(v * LANES));
                let sum = _mm512_sub_epi32(sum, _mm512_loadu_si512(correction.cast()));
                let value = _mm512_mul_ps(_mm512_cvtepi32_ps(sum), scale);
                _mm512_storeu_ps(scores.values[q].as_mut_ptr().add(v * LANES), value);
                value
            };
            reached |= _mm512_cmp_ps_mask::<_CMP_GE_OQ>(value, threshold);
        }
        scores.hits |= u32::from(reached != 0) << q;
    }
}
