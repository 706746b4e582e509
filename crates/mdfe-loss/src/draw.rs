//! Random draws that are specified down to the bits: what `rand` makes of a generator's words may change with its version.

use rand::Rng;

/// Uniform in `0..bound`, for a `bound` above 0.
///
/// Lemire, "Fast Random Integer Generation in an Interval" (1805.10941), algorithm 5: the upper half of `word * bound`, where words
/// whose lower half is below `2^32 mod bound` are drawn again.
pub(crate) fn below<R: Rng + ?Sized>(rng: &mut R, bound: u32) -> u32 {
    loop {
        let product = u64::from(rng.next_u32()) * u64::from(bound);
        // The remainder is below `bound`, so that it is rarely worked out.
        if product as u32 >= bound || product as u32 >= bound.wrapping_neg() % bound {
            return (product >> 32) as u32;
        }
    }
}

/// Uniform in [0, 1): the upper 53 bits of a word of 64.
pub(crate) fn unit<R: Rng + ?Sized>(rng: &mut R) -> f64 {
    (rng.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn draws_are_these_for_good() {
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        let drawn: Vec<u32> = (0..8).map(|_| below(&mut rng, 34_800)).collect();
        assert_eq!(drawn, [22_783, 24_675, 25_399, 16_214, 17_656, 24_330, 19_521, 2_093]);
        let bits: Vec<u64> = (0..3).map(|_| unit(&mut rng).to_bits()).collect();
        assert_eq!(bits, [0x3fec_21ac_cce6_4048, 0x3fe1_95c2_9972_8fd6, 0x3fea_870a_73ad_45d2]);
    }

    #[test]
    fn every_value_below_the_bound_is_as_likely_as_the_others() {
        // Of the 2^32 words a bound of 3 * 2^30 takes one for some values and two for others, unless some are drawn again.
        let bound = 3 << 30;
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut thirds = [0_u32; 3];
        for _ in 0..30_000 {
            let value = below(&mut rng, bound);
            assert!(value < bound);
            thirds[(value % 3) as usize] += 1;
        }
        assert!(thirds.iter().all(|&count| count.abs_diff(10_000) < 400), "{thirds:?}");
        assert!((0..100).all(|_| below(&mut rng, 1) == 0));
    }
}
