//! Random numbers for resampling, specified here: the same seed gives the same intervals everywhere.

use rand::Rng;
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};

/// What the numbers are for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Purpose {
    /// Draws of queries.
    Bootstrap = 0,
    /// Signs of differences.
    Signs = 1,
}

/// The generator of one repetition: ChaCha with 8 rounds, the key from the seed, the stream from purpose and repetition.
pub(crate) fn generator(seed: u64, purpose: Purpose, repetition: usize) -> ChaCha8Rng {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream((purpose as u64) << 48 | repetition as u64);
    random
}

/// A number below `n`, at most 2^32: the upper half of a 32-bit word times n, uniform but for n / 2^32.
pub(crate) fn below(random: &mut impl Rng, n: usize) -> usize {
    ((u64::from(random.next_u32()) * n as u64) >> 32) as usize
}
