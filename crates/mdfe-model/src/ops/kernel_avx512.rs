//! Tiles in AVX-512: 24 accumulators, 4 vectors of the right matrix, one broadcast of the left.
#![allow(unsafe_code)]

use super::kernel::{ACC, LANES, Tile};
use half::bf16;
use std::{arch::x86_64::*, mem::transmute};

/// # Safety
/// See [`super::element::Element::tile`]; the CPU has AVX-512 F.
#[target_feature(enable = "avx512f")]
pub(super) unsafe fn tile_f32<const MR: usize, const NV: usize>(t: Tile<f32>) {
    // SAFETY: the caller's pointers cover the tile.
    unsafe {
        let mut acc = load::<MR, NV>(t.acc, t.fresh);
        let (mut a, mut b) = (t.a, t.b);
        for _ in 0..t.groups {
            let mut columns = [_mm512_setzero_ps(); NV];
            for (v, column) in columns.iter_mut().enumerate() {
                *column = _mm512_loadu_ps(b.add(v * LANES));
            }
            for (r, row) in acc.iter_mut().enumerate() {
                let left = _mm512_set1_ps(*a.add(r * t.lda));
                for (sum, column) in row.iter_mut().zip(columns) {
                    *sum = _mm512_fmadd_ps(left, column, *sum);
                }
            }
            a = a.add(1);
            b = b.add(NV * LANES);
        }
        store(t.acc, acc);
    }
}

/// # Safety
/// See [`super::element::Element::tile`]; the CPU has AVX-512 F and BF16.
#[target_feature(enable = "avx512f,avx512bf16")]
pub(super) unsafe fn tile_bf16<const MR: usize, const NV: usize>(t: Tile<bf16>) {
    // SAFETY: the caller's pointers cover the tile; pairs of bf16 may lie at any even address, so reads are unaligned.
    unsafe {
        let mut acc = load::<MR, NV>(t.acc, t.fresh);
        let (mut a, mut b) = (t.a, t.b);
        for _ in 0..t.groups {
            let mut columns = [_mm512_setzero_si512(); NV];
            for (v, column) in columns.iter_mut().enumerate() {
                *column = _mm512_loadu_si512(b.add(2 * v * LANES).cast());
            }
            for (r, row) in acc.iter_mut().enumerate() {
                let left = _mm512_set1_epi32(a.add(r * t.lda).cast::<i32>().read_unaligned());
                for (sum, column) in row.iter_mut().zip(columns) {
                    *sum = _mm512_dpbf16_ps(
                        *sum,
                        transmute::<__m512i, __m512bh>(left),
                        transmute::<__m512i, __m512bh>(column),
                    );
                }
            }
            a = a.add(2);
            b = b.add(2 * NV * LANES);
        }
        store(t.acc, acc);
    }
}

#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn load<const MR: usize, const NV: usize>(from: *const f32, fresh: bool) -> [[__m512; NV]; MR] {
    let mut acc = [[_mm512_setzero_ps(); NV]; MR];
    if !fresh {
        for (r, row) in acc.iter_mut().enumerate() {
            for (v, sum) in row.iter_mut().enumerate() {
                // SAFETY: the accumulators cover MR rows of ACC columns.
                *sum = unsafe { _mm512_loadu_ps(from.add(r * ACC + v * LANES)) };
            }
        }
    }
    acc
}

#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn store<const MR: usize, const NV: usize>(to: *mut f32, acc: [[__m512; NV]; MR]) {
    for (r, row) in acc.iter().enumerate() {
        for (v, sum) in row.iter().enumerate() {
            // SAFETY: the accumulators cover MR rows of ACC columns.
            unsafe { _mm512_storeu_ps(to.add(r * ACC + v * LANES), *sum) };
        }
    }
}
