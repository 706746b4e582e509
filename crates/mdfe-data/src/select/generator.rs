//! The generators that selections draw from.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// A generator for one purpose: the same `seed` and `purpose` give the same stream, other purposes independent ones.
pub(super) fn generator(seed: u64, purpose: &[&str]) -> ChaCha8Rng {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"mdfe select 1");
    hasher.update(&seed.to_le_bytes());
    for word in purpose {
        hasher.update(&(word.len() as u64).to_le_bytes());
        hasher.update(word.as_bytes());
    }
    ChaCha8Rng::from_seed(*hasher.finalize().as_bytes())
}
