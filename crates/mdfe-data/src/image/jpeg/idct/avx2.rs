//! The transform with AVX2, a row of a block in one register.

use super::pass::{Lanes, columns, rows};
use mdfe_simd::Avx2;
use std::{
    arch::x86_64::*,
    ops::{Add, Sub},
};

/// Eight values in a register, with the proof that the CPU has the instructions.
#[derive(Clone, Copy)]
struct Wide {
    values: __m256i,
    _proof: Avx2,
}

impl Add for Wide {
    type Output = Self;
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        // SAFETY: `self._proof` exists only where the CPU has AVX2, and that is all the instruction asks for.
        #[allow(unsafe_code)]
        let values = unsafe { _mm256_add_epi32(self.values, other.values) };
        Self { values, ..self }
    }
}

impl Sub for Wide {
    type Output = Self;
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        // SAFETY: `self._proof` exists only where the CPU has AVX2, and that is all the instruction asks for.
        #[allow(unsafe_code)]
        let values = unsafe { _mm256_sub_epi32(self.values, other.values) };
        Self { values, ..self }
    }
}

impl Lanes for Wide {
    #[inline(always)]
    fn times(self, factor: i32) -> Self {
        // SAFETY: `self._proof` exists only where the CPU has AVX2, and that is all the instructions ask for.
        #[allow(unsafe_code)]
        let values = unsafe { _mm256_mullo_epi32(self.values, _mm256_set1_epi32(factor)) };
        Self { values, ..self }
    }

    #[inline(always)]
    fn round_shift<const BITS: i32>(self) -> Self {
        // SAFETY: `self._proof` exists only where the CPU has AVX2, and that is all the instructions ask for.
        #[allow(unsafe_code)]
        let values = unsafe {
            let half = _mm256_set1_epi32(1 << (BITS - 1));
            _mm256_srai_epi32::<BITS>(_mm256_add_epi32(self.values, half))
        };
        Self { values, ..self }
    }
}

/// See [`super::transform`].
#[inline(always)]
pub(super) fn transform(proof: Avx2, block: &[i32; 64], out: &mut [u8], stride: usize) {
    // SAFETY: an `Avx2` exists only where the CPU has AVX2, and that is all `transform_block` asks for.
    #[allow(unsafe_code)]
    unsafe {
        transform_block(proof, block, out, stride);
    }
}

#[target_feature(enable = "avx2")]
fn transform_block(proof: Avx2, block: &[i32; 64], out: &mut [u8], stride: usize) {
    let mut input = [Wide { values: _mm256_setzero_si256(), _proof: proof }; 8];
    for (row, values) in input.iter_mut().zip(block.as_chunks::<8>().0) {
        row.values = bytemuck::cast(*values);
    }
    let samples = transpose(rows(transpose(columns(input))));
    let center = _mm256_set1_epi32(128);
    for (row, samples) in out.chunks_mut(stride).zip(samples) {
        let values = _mm256_add_epi32(samples.values, center);
        let words = _mm_packs_epi32(_mm256_castsi256_si128(values), _mm256_extracti128_si256::<1>(values));
        let bytes = _mm_cvtsi128_si64(_mm_packus_epi16(words, words));
        row[..8].copy_from_slice(&bytes.to_le_bytes());
    }
}

#[target_feature(enable = "avx2")]
#[inline]
fn transpose(r: [Wide; 8]) -> [Wide; 8] {
    let pairs = |a: usize, b: usize| {
        let (a, b) = (r[a].values, r[b].values);
        [_mm256_unpacklo_epi32(a, b), _mm256_unpackhi_epi32(a, b)]
    };
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
        out[i].values = _mm256_permute2x128_si256::<0x20>(upper[i], lower[i]);
        out[i + 4].values = _mm256_permute2x128_si256::<0x31>(upper[i], lower[i]);
    }
    out
}
