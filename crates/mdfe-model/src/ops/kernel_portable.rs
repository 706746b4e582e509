//! Tiles in plain Rust, shaped so that the compiler keeps six rows of one vector in registers (AVX2, NEON, SSE2).
#![allow(unsafe_code)]

use super::{
    element::Element,
    kernel::{ACC, LANES, Tile},
};

/// # Safety
/// See [`Element::tile`]; the CPU has AVX2 and FMA.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
pub(super) unsafe fn tile_fma<E: Element, const MR: usize, const NV: usize>(t: Tile<E>) {
    // SAFETY: the caller's promise is passed on.
    unsafe { tile::<E, MR, NV, true>(t) }
}

/// `FUSED` is whether a multiply-add is one instruction here; where it is not, `mul_add` would be a slow library call.
///
/// # Safety
/// See [`Element::tile`].
#[inline(always)]
pub(super) unsafe fn tile<E: Element, const MR: usize, const NV: usize, const FUSED: bool>(t: Tile<E>) {
    let mut acc = [[[0f32; LANES]; NV]; MR];
    // SAFETY: the caller's pointers cover MR rows of `a`, `groups` rows of the panel and MR rows of ACC accumulators.
    unsafe {
        for (r, row) in acc.iter_mut().enumerate() {
            for (v, sums) in row.iter_mut().enumerate() {
                if !t.fresh {
                    *sums = t.acc.add(r * ACC + v * LANES).cast::<[f32; LANES]>().read();
                }
            }
        }
        for g in 0..t.groups {
            for (v, part) in (0..E::GROUP).flat_map(|part| (0..NV).map(move |v| (v, part))) {
                let b = t.b.add((g * NV + v) * LANES * E::GROUP + part);
                let mut column = [0f32; LANES];
                for (c, value) in column.iter_mut().enumerate() {
                    *value = (*b.add(c * E::GROUP)).to_f32();
                }
                for (r, row) in acc.iter_mut().enumerate() {
                    let left = (*t.a.add(r * t.lda + g * E::GROUP + part)).to_f32();
                    for (sum, value) in row[v].iter_mut().zip(column) {
                        *sum = if FUSED { left.mul_add(value, *sum) } else { *sum + left * value };
                    }
                }
            }
        }
        for (r, row) in acc.iter().enumerate() {
            for (v, sums) in row.iter().enumerate() {
                t.acc.add(r * ACC + v * LANES).cast::<[f32; LANES]>().write(*sums);
            }
        }
    }
}
