//! What decides about the random numbers of one image.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// One image in one epoch of one run: the generator follows from these three alone, not from the order of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SampleKey {
    /// Seed of the run.
    pub seed: u64,
    /// Epoch, from 0.
    pub epoch: u64,
    /// Index of the sample in its data set.
    pub sample: u64,
}

impl SampleKey {
    /// The generator of this image in this epoch.
    pub fn generator(self) -> ChaCha8Rng {
        let mut seed = [0; 32];
        for (part, value) in seed.chunks_exact_mut(8).zip([self.seed, self.epoch, self.sample]) {
            part.copy_from_slice(&value.to_le_bytes());
        }
        ChaCha8Rng::from_seed(seed)
    }
}
