//! Tiles in plain Rust, shaped so that the compiler keeps six rows of one vector in registers (AVX2, NEON, SSE2).
#![allow(unsafe_code)]

use super::{
    number::Number,
    tile::{ACC, LANES, Tile},
};
#[cfg(target_arch = "x86_64")]
use mdfe_simd::Avx2;

/// A tile with the vectors of AVX2 and fused multiply-adds.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub(super) fn tile_avx2<E: Number, const MR: usize, const NV: usize>(_cpu: Avx2, t: Tile<'_, E>) {
    #[target_feature(enable = "avx2,fma")]
    fn sum<E: Number, const MR: usize, const NV: usize>(t: Tile<'_, E>) {
        tile::<E, MR, NV, true>(t);
    }
    // SAFETY: `_cpu` is the proof that this CPU has AVX2 and FMA.
    unsafe { sum::<E, MR, NV>(t) }
}

/// `FUSED` is whether a multiply-add is one instruction here; where it is not, `mul_add` would be a slow library call.
#[inline(always)]
pub(super) fn tile<E: Number, const MR: usize, const NV: usize, const FUSED: bool>(t: Tile<'_, E>) {
    t.check(MR, NV, E::GROUP);
    let mut acc = [[[0f32; LANES]; NV]; MR];
    let kept = t.acc.as_mut_ptr();
    for (r, row) in acc.iter_mut().enumerate() {
        for (v, sums) in row.iter_mut().enumerate() {
            if !t.fresh {
                // SAFETY: `check` asserted MR rows of sums, `ACC` apart, with NV vectors in each; this is vector v of row r.
                *sums = unsafe { kept.add(r * ACC + v * LANES).cast::<[f32; LANES]>().read() };
            }
        }
    }
    let (a, b) = (t.a.as_ptr(), t.b.as_ptr());
    for g in 0..t.groups {
        for (v, part) in (0..E::GROUP).flat_map(|part| (0..NV).map(move |v| (v, part))) {
            let mut column = [0f32; LANES];
            for (c, value) in column.iter_mut().enumerate() {
                let at = (g * NV + v) * LANES * E::GROUP + c * E::GROUP + part;
                // SAFETY: `check` asserted `groups` rows of NV vectors of groups from `t.b` on; this is one of their values.
                *value = unsafe { *b.add(at) }.to_f32();
            }
            for (r, row) in acc.iter_mut().enumerate() {
                // SAFETY: `check` asserted MR rows of `groups` groups, `lda` apart, from `t.a` on; this is one of their values.
                let left = unsafe { *a.add(r * t.lda + g * E::GROUP + part) }.to_f32();
                for (sum, value) in row[v].iter_mut().zip(column) {
                    *sum = if FUSED { left.mul_add(value, *sum) } else { *sum + left * value };
                }
            }
        }
    }
    for (r, row) in acc.iter().enumerate() {
        for (v, sums) in row.iter().enumerate() {
            // SAFETY: as for reading them, and `t.acc` is borrowed for writing.
            unsafe { kept.add(r * ACC + v * LANES).cast::<[f32; LANES]>().write(*sums) };
        }
    }
}
