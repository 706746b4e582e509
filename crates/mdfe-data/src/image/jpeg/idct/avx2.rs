//! The transform of [`super::idct`], a row of a block in one register.

use super::idct::{Lanes, columns, rows};
use std::{
    arch::x86_64::*,
    ops::{Add, Sub},
};

/// Eight numbers in a register. Only [`idct`] makes them, on processors with AVX2, and everything is inlined into it.
#[derive(Clone, Copy)]
struct Wide(__m256i);

impl Add for Wide {
    type Output = Self;
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        // SAFETY: see `Wide`.
        #[allow(unsafe_code)]
        Self(unsafe { _mm256_add_epi32(self.0, other.0) })
    }
}

impl Sub for Wide {
    type Output = Self;
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        // SAFETY: see `Wide`.
        #[allow(unsafe_code)]
        Self(unsafe { _mm256_sub_epi32(self.0, other.0) })
    }
}

impl Lanes for Wide {
    #[inline(always)]
    fn times(self, factor: i32) -> Self {
        // SAFETY: see `Wide`.
        #[allow(unsafe_code)]
        Self(unsafe { _mm256_mullo_epi32(self.0, _mm256_set1_epi32(factor)) })
    }

    #[inline(always)]
    fn round_shift<const BITS: i32>(self) -> Self {
        // SAFETY: see `Wide`.
        #[allow(unsafe_code)]
        Self(unsafe {
            _mm256_srai_epi32::<BITS>(_mm256_add_epi32(self.0, _mm256_set1_epi32(1 << (BITS - 1))))
        })
    }
}

/// See [`super::idct::Idct`].
#[target_feature(enable = "avx2")]
pub(super) fn idct(block: &[i32; 64], out: &mut [u8], stride: usize) {
    let mut input = [Wide(_mm256_setzero_si256()); 8];
    for (row, values) in input.iter_mut().zip(block.as_chunks::<8>().0) {
        // SAFETY: eight numbers are there.
        #[allow(unsafe_code)]
        let loaded = unsafe { _mm256_loadu_si256(values.as_ptr().cast()) };
        *row = Wide(loaded);
    }
    let samples = transpose(rows(transpose(columns(input))));
    let center = _mm256_set1_epi32(128);
    for (i, row) in out.chunks_mut(stride).take(8).enumerate() {
        let values = _mm256_add_epi32(samples[i].0, center);
        let words = _mm_packs_epi32(_mm256_castsi256_si128(values), _mm256_extracti128_si256::<1>(values));
        let bytes = _mm_cvtsi128_si64(_mm_packus_epi16(words, words));
        row[..8].copy_from_slice(&bytes.to_le_bytes());
    }
}

#[target_feature(enable = "avx2")]
#[inline]
fn transpose(r: [Wide; 8]) -> [Wide; 8] {
    let pairs =
        |a: usize, b: usize| [_mm256_unpacklo_epi32(r[a].0, r[b].0), _mm256_unpackhi_epi32(r[a].0, r[b].0)];
    let [a0, a1] = pairs(0, 1);
    let [b0, b1] = pairs(2, 3);
    let [c0, c1] = pairs(4, 5);
    let [d0, d1] = pairs(6, 7);
    let upper = [
        _mm256_unpacklo_epi64(a0, b0),
        _mm256_unpackhi_epi64(a0, b0),
        _mm256_unpacklo_epi64(a1, b1),
        _mm256_unpackhi_epi64(a1, b1),
    ];
    let lower = [
        _mm256_unpacklo_epi64(c0, d0),
        _mm256_unpackhi_epi64(c0, d0),
        _mm256_unpacklo_epi64(c1, d1),
        _mm256_unpackhi_epi64(c1, d1),
    ];
    let mut out = r;
    for i in 0..4 {
        out[i] = Wide(_mm256_permute2x128_si256::<0x20>(upper[i], lower[i]));
        out[i + 4] = Wide(_mm256_permute2x128_si256::<0x31>(upper[i], lower[i]));
    }
    out
}
