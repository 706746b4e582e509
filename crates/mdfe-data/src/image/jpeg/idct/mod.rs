//! The inverse cosine transform of libjpeg's `islow` method, bit for bit.

#[cfg(target_arch = "x86_64")]
mod avx2;
mod pass;
mod plain;

use mdfe_simd::Level;

/// Writes the 8x8 samples of dequantised coefficients, row by row, to rows `stride` bytes apart.
#[inline(always)]
pub(super) fn transform(level: Level, block: &[i32; 64], out: &mut [u8], stride: usize) {
    #[cfg(target_arch = "x86_64")]
    if let Some(proof) = level.avx2() {
        return avx2::transform(proof, block, out, stride);
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = level;
    plain::transform(block, out, stride);
}

/// [`transform`] of a block that has only a DC coefficient.
pub(super) fn flat(dc: i32, out: &mut [u8], stride: usize) {
    let value = ((dc.wrapping_add(4) >> 3).wrapping_add(128)).clamp(0, 255) as u8;
    for row in out.chunks_mut(stride).take(8) {
        row[..8].fill(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};

    /// The samples, in rows of 11 bytes whose last three must stay as they are.
    fn samples(level: Level, block: &[i32; 64]) -> [u8; 88] {
        let mut out = [7; 88];
        transform(level, block, &mut out, 11);
        assert!(out.chunks(11).all(|row| row[8..] == [7; 3]), "{level}");
        out
    }

    #[test]
    fn every_level_gives_the_bytes_of_plain_rust() {
        let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(1);
        for size in [1, 30, 1000, 16_000, i32::MAX] {
            for _ in 0..20 {
                let block: [i32; 64] = std::array::from_fn(|_| random.random_range(-size..=size));
                let plain = samples(Level::Portable, &block);
                for level in Level::available() {
                    assert_eq!(samples(level, &block), plain, "{level}, coefficients up to {size}");
                }
            }
        }
    }

    #[test]
    fn flat_block_equals_the_full_transform() {
        for dc in [-2000, -1025, -4, 0, 3, 4, 77, 1020, 5000] {
            let mut block = [0; 64];
            block[0] = dc;
            let (mut a, mut b) = ([0; 64], [1; 64]);
            plain::transform(&block, &mut a, 8);
            flat(dc, &mut b, 8);
            assert_eq!(a, b, "DC {dc}");
        }
    }
}
