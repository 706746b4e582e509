//! What decides about the random numbers of one image.

use crate::identity::Fingerprint;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// One image in one round of one run: the generator follows from these three alone, not from the order of work, nor from the image's
/// place in a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SampleKey {
    /// Seed of the run.
    pub seed: u64,
    /// Epoch of a training, or number of a cached variant; from 0.
    pub round: u64,
    /// Fingerprint of the image's bytes.
    pub image: Fingerprint,
}

impl SampleKey {
    /// The generator of this image in this round: ChaCha8 seeded with BLAKE3 of seed, round (both little-endian) and fingerprint.
    pub fn generator(self) -> ChaCha8Rng {
        let mut bytes = [0; 16 + Fingerprint::BYTES];
        bytes[..8].copy_from_slice(&self.seed.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.round.to_le_bytes());
        bytes[16..].copy_from_slice(self.image.as_bytes());
        ChaCha8Rng::from_seed(*Fingerprint::of(&bytes).as_bytes())
    }
}
