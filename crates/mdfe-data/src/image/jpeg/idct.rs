//! The inverse cosine transform of libjpeg's `islow` method, bit for bit (Loeffler, Ligtenberg and Moschytz, 1989, with 13
//! fraction bits and 2 more between the passes).

use std::ops::{Add, Sub};

/// Eight numbers that go through the same steps.
#[derive(Clone, Copy)]
struct Lanes([i32; 8]);

impl Add for Lanes {
    type Output = Self;
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self(std::array::from_fn(|i| self.0[i].wrapping_add(other.0[i])))
    }
}

impl Sub for Lanes {
    type Output = Self;
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self(std::array::from_fn(|i| self.0[i].wrapping_sub(other.0[i])))
    }
}

impl Lanes {
    #[inline(always)]
    fn times(self, factor: i32) -> Self {
        Self(std::array::from_fn(|i| self.0[i].wrapping_mul(factor)))
    }

    #[inline(always)]
    fn round_shift<const BITS: u32>(self) -> Self {
        Self(std::array::from_fn(|i| self.0[i].wrapping_add(1 << (BITS - 1)) >> BITS))
    }
}

/// Writes the 8x8 samples of dequantised coefficients to rows `stride` bytes apart.
pub(super) type Idct = fn(&[i32; 64], &mut [u8], usize);

/// The transform for this processor.
pub(super) fn idct() -> Idct {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        #[target_feature(enable = "avx2")]
        fn avx2(block: &[i32; 64], out: &mut [u8], stride: usize) {
            plain(block, out, stride);
        }
        return |block, out, stride| {
            // SAFETY: the processor has AVX2.
            #[allow(unsafe_code)]
            unsafe {
                avx2(block, out, stride);
            }
        };
    }
    plain
}

/// The samples of a block that has only a DC coefficient.
pub(super) fn idct_flat(dc: i32, out: &mut [u8], stride: usize) {
    let value = ((dc.wrapping_add(4) >> 3) + 128).clamp(0, 255) as u8;
    for row in out.chunks_mut(stride).take(8) {
        row[..8].fill(value);
    }
}

#[inline(always)]
fn plain(block: &[i32; 64], out: &mut [u8], stride: usize) {
    let rows: [Lanes; 8] = std::array::from_fn(|y| Lanes(std::array::from_fn(|x| block[y * 8 + x])));
    let columns = transpose(pass::<11>(rows));
    let rows = transpose(pass::<18>(columns));
    for (row, Lanes(values)) in out.chunks_mut(stride).zip(rows) {
        let bytes: [u8; 8] = std::array::from_fn(|x| values[x].wrapping_add(128).clamp(0, 255) as u8);
        row[..8].copy_from_slice(&bytes);
    }
}

#[inline(always)]
fn transpose(rows: [Lanes; 8]) -> [Lanes; 8] {
    std::array::from_fn(|x| Lanes(std::array::from_fn(|y| rows[y].0[x])))
}

/// One dimension; the constants are the transform's cosines times 2^13.
#[inline(always)]
fn pass<const BITS: u32>(x: [Lanes; 8]) -> [Lanes; 8] {
    let common = (x[2] + x[6]).times(4433);
    let (even2, even3) = (common - x[6].times(15137), common + x[2].times(6270));
    let (even0, even1) = ((x[0] + x[4]).times(1 << 13), (x[0] - x[4]).times(1 << 13));
    let even = [even0 + even3, even1 + even2, even1 - even2, even0 - even3];

    let common = (x[7] + x[3] + x[5] + x[1]).times(9633);
    let (z1, z2) = ((x[7] + x[1]).times(-7373), (x[5] + x[3]).times(-20995));
    let (z3, z4) = (common - (x[7] + x[3]).times(16069), common - (x[5] + x[1]).times(3196));
    let odd = [
        x[1].times(12299) + z1 + z4,
        x[3].times(25172) + z2 + z3,
        x[5].times(16819) + z2 + z4,
        x[7].times(2446) + z1 + z3,
    ];
    std::array::from_fn(|i| {
        let sum = if i < 4 { even[i] + odd[i] } else { even[7 - i] - odd[7 - i] };
        sum.round_shift::<BITS>()
    })
}
