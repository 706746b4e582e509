//! Tiles in AVX-512: 24 accumulators, 4 vectors of the right matrix, one broadcast of the left.
#![allow(unsafe_code)]

use super::tile::{ACC, LANES, Tile};
use half::bf16;
use mdfe_simd::{Avx512, Avx512Bf16};
use std::{arch::x86_64::*, mem::transmute};

/// A tile of f32.
#[inline(always)]
pub(super) fn tile_f32<const MR: usize, const NV: usize>(_cpu: Avx512, tile: Tile<'_, f32>) {
    // SAFETY: `_cpu` is the proof that this CPU has AVX-512 F.
    unsafe { sum_f32::<MR, NV>(tile) }
}

/// A tile of pairs of bf16.
#[inline(always)]
pub(super) fn tile_bf16<const MR: usize, const NV: usize>(_cpu: Avx512Bf16, tile: Tile<'_, bf16>) {
    // SAFETY: `_cpu` is the proof that this CPU has AVX-512 F and its products of bf16.
    unsafe { sum_bf16::<MR, NV>(tile) }
}

#[target_feature(enable = "avx512f")]
fn sum_f32<const MR: usize, const NV: usize>(t: Tile<'_, f32>) {
    t.check(MR, NV, 1);
    // SAFETY: `check` asserted MR rows of sums, `ACC` apart, with NV vectors in each.
    let mut acc = unsafe { load::<MR, NV>(t.acc.as_ptr(), t.fresh) };
    let (mut a, mut b) = (t.a.as_ptr(), t.b.as_ptr());
    for _ in 0..t.groups {
        let mut columns = [_mm512_setzero_ps(); NV];
        for (v, column) in columns.iter_mut().enumerate() {
            // SAFETY: `check` asserted `groups` rows of NV vectors from `t.b` on; this is vector v of the current one.
            *column = unsafe { _mm512_loadu_ps(b.add(v * LANES)) };
        }
        for (r, row) in acc.iter_mut().enumerate() {
            // SAFETY: `check` asserted MR rows of `groups` values, `lda` apart, from `t.a` on.
            let left = _mm512_set1_ps(unsafe { *a.add(r * t.lda) });
            for (sum, column) in row.iter_mut().zip(columns) {
                *sum = _mm512_fmadd_ps(left, column, *sum);
            }
        }
        // SAFETY: one of the `groups` steps that `check` asserted; the last one leads at most to the end of the slices.
        (a, b) = unsafe { (a.add(1), b.add(NV * LANES)) };
    }
    // SAFETY: as for `load`, and the sums are borrowed for writing.
    unsafe { store(t.acc.as_mut_ptr(), acc) };
}

#[target_feature(enable = "avx512f,avx512bf16")]
fn sum_bf16<const MR: usize, const NV: usize>(t: Tile<'_, bf16>) {
    t.check(MR, NV, 2);
    // SAFETY: `check` asserted MR rows of sums, `ACC` apart, with NV vectors in each.
    let mut acc = unsafe { load::<MR, NV>(t.acc.as_ptr(), t.fresh) };
    let (mut a, mut b) = (t.a.as_ptr(), t.b.as_ptr());
    for _ in 0..t.groups {
        let mut columns = [_mm512_setzero_si512(); NV];
        for (v, column) in columns.iter_mut().enumerate() {
            // SAFETY: `check` asserted `groups` rows of NV vectors of pairs from `t.b` on; this is vector v of the current one.
            *column = unsafe { _mm512_loadu_si512(b.add(2 * v * LANES).cast()) };
        }
        for (r, row) in acc.iter_mut().enumerate() {
            // SAFETY: `check` asserted MR rows of `groups` pairs, `lda` apart, from `t.a` on; a pair may lie at any even
            // address, so it is read unaligned.
            let left = _mm512_set1_epi32(unsafe { a.add(r * t.lda).cast::<i32>().read_unaligned() });
            for (sum, column) in row.iter_mut().zip(columns) {
                *sum = _mm512_dpbf16_ps(*sum, pairs(left), pairs(column));
            }
        }
        // SAFETY: one of the `groups` steps that `check` asserted; the last one leads at most to the end of the slices.
        (a, b) = unsafe { (a.add(2), b.add(2 * NV * LANES)) };
    }
    // SAFETY: as for `load`, and the sums are borrowed for writing.
    unsafe { store(t.acc.as_mut_ptr(), acc) };
}

/// The same bits as pairs of bf16.
#[inline]
#[target_feature(enable = "avx512f")]
fn pairs(bits: __m512i) -> __m512bh {
    // SAFETY: both types are 64 bytes in which every pattern is a value.
    unsafe { transmute::<__m512i, __m512bh>(bits) }
}

/// The accumulators, [`ACC`] apart from row to row, or zeros.
///
/// # Safety
/// `from` points to MR rows of sums, [`ACC`] apart, with NV vectors in each.
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn load<const MR: usize, const NV: usize>(from: *const f32, fresh: bool) -> [[__m512; NV]; MR] {
    let mut acc = [[_mm512_setzero_ps(); NV]; MR];
    if !fresh {
        for (r, row) in acc.iter_mut().enumerate() {
            for (v, sum) in row.iter_mut().enumerate() {
                // SAFETY: vector v of row r, which the caller promised.
                *sum = unsafe { _mm512_loadu_ps(from.add(r * ACC + v * LANES)) };
            }
        }
    }
    acc
}

/// # Safety
/// `to` points to MR rows of sums, [`ACC`] apart, with NV vectors in each, that nobody else uses.
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn store<const MR: usize, const NV: usize>(to: *mut f32, acc: [[__m512; NV]; MR]) {
    for (r, row) in acc.iter().enumerate() {
        for (v, sum) in row.iter().enumerate() {
            // SAFETY: vector v of row r, which the caller promised.
            unsafe { _mm512_storeu_ps(to.add(r * ACC + v * LANES), *sum) };
        }
    }
}
