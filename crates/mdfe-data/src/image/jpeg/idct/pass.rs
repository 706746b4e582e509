//! The inverse cosine transform of libjpeg's `islow` method, bit for bit (Loeffler, Ligtenberg and Moschytz, 1989, with 13
//! fraction bits and 2 more between the passes).

use std::ops::{Add, Sub};

/// Eight numbers that go through the same steps.
pub(super) trait Lanes: Copy + Add<Output = Self> + Sub<Output = Self> {
    /// Each times a factor.
    fn times(self, factor: i32) -> Self;
    /// Each divided by `2^BITS`, halves rounded up.
    fn round_shift<const BITS: i32>(self) -> Self;
}

/// Writes the 8x8 samples of dequantised coefficients to rows `stride` bytes apart.
pub(super) type Idct = fn(&[i32; 64], &mut [u8], usize);

/// The transform for this processor.
pub(super) fn idct() -> Idct {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        return |block, out, stride| {
            // SAFETY: the processor has AVX2.
            #[allow(unsafe_code)]
            unsafe {
                super::idct_avx2::idct(block, out, stride);
            }
        };
    }
    plain
}

/// The samples of a block that has only a DC coefficient.
pub(super) fn idct_flat(dc: i32, out: &mut [u8], stride: usize) {
    let value = ((dc.wrapping_add(4) >> 3).wrapping_add(128)).clamp(0, 255) as u8;
    for row in out.chunks_mut(stride).take(8) {
        row[..8].fill(value);
    }
}

/// The columns' pass, of rows of coefficients.
#[inline(always)]
pub(super) fn columns<L: Lanes>(rows: [L; 8]) -> [L; 8] {
    pass::<L, 11>(rows)
}

/// The rows' pass, of columns; the samples lack 128.
#[inline(always)]
pub(super) fn rows<L: Lanes>(columns: [L; 8]) -> [L; 8] {
    pass::<L, 18>(columns)
}

/// One dimension; the constants are the transform's cosines times 2^13.
#[inline(always)]
fn pass<L: Lanes, const BITS: i32>(x: [L; 8]) -> [L; 8] {
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
    let mut out = x;
    for i in 0..4 {
        out[i] = (even[i] + odd[i]).round_shift::<BITS>();
        out[7 - i] = (even[i] - odd[i]).round_shift::<BITS>();
    }
    out
}

/// Plain numbers.
#[derive(Clone, Copy)]
struct Plain([i32; 8]);

impl Add for Plain {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(std::array::from_fn(|i| self.0[i].wrapping_add(other.0[i])))
    }
}

impl Sub for Plain {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(std::array::from_fn(|i| self.0[i].wrapping_sub(other.0[i])))
    }
}

impl Lanes for Plain {
    fn times(self, factor: i32) -> Self {
        Self(self.0.map(|v| v.wrapping_mul(factor)))
    }

    fn round_shift<const BITS: i32>(self) -> Self {
        Self(self.0.map(|v| v.wrapping_add(1 << (BITS - 1)) >> BITS))
    }
}

fn plain(block: &[i32; 64], out: &mut [u8], stride: usize) {
    let input = std::array::from_fn(|y| Plain(std::array::from_fn(|x| block[y * 8 + x])));
    let samples = transpose(rows(transpose(columns(input))));
    for (row, values) in out.chunks_mut(stride).zip(samples) {
        for (byte, value) in row[..8].iter_mut().zip(values.0) {
            *byte = value.wrapping_add(128).clamp(0, 255) as u8;
        }
    }
}

fn transpose(rows: [Plain; 8]) -> [Plain; 8] {
    std::array::from_fn(|x| Plain(std::array::from_fn(|y| rows[y].0[x])))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};

    #[test]
    fn simd_gives_the_bytes_of_plain_rust() {
        let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(1);
        for size in [1, 30, 1000, 16_000] {
            let block: [i32; 64] = std::array::from_fn(|_| random.random_range(-size..=size));
            let (mut a, mut b) = ([0; 64], [1; 64]);
            plain(&block, &mut a, 8);
            idct()(&block, &mut b, 8);
            assert_eq!(a, b);
        }
    }

    #[test]
    fn flat_block_equals_the_full_transform() {
        for dc in [-2000, -1025, -4, 0, 3, 4, 77, 1020, 5000] {
            let mut block = [0; 64];
            block[0] = dc;
            let (mut a, mut b) = ([0; 64], [1; 64]);
            plain(&block, &mut a, 8);
            idct_flat(dc, &mut b, 8);
            assert_eq!(a, b, "DC {dc}");
        }
    }
}
