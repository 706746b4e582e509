//! Drawing without replacement, the same on every platform and in every release.
//!
//! The shuffle is written out here because a library is free to change its own between releases, and a drawn
//! training list must come out the same then.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A generator for one purpose: the same `seed` and `purpose` give the same stream, other purposes independent ones.
pub(crate) fn generator(seed: u64, purpose: &[&str]) -> ChaCha8Rng {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"mdfe select 1");
    hasher.update(&seed.to_le_bytes());
    for word in purpose {
        hasher.update(&(word.len() as u64).to_le_bytes());
        hasher.update(word.as_bytes());
    }
    ChaCha8Rng::from_seed(*hasher.finalize().as_bytes())
}

/// `k` distinct positions out of `0..n`, ascending; all of them where `k >= n`.
///
/// The first `k` steps of a Fisher-Yates shuffle, so that with one generator state a smaller draw is part of a
/// larger one.
pub(crate) fn draw(n: usize, k: usize, rng: &mut impl Rng) -> Vec<usize> {
    let mut positions: Vec<usize> = (0..n).collect();
    if k < n {
        for i in 0..k {
            positions.swap(i, i + below((n - i) as u64, rng) as usize);
        }
        positions.truncate(k);
        positions.sort_unstable();
    }
    positions
}

/// A uniform number in `0..bound`, without modulo bias: words past the last whole multiple of `bound` are redrawn.
fn below(bound: u64, rng: &mut impl Rng) -> u64 {
    let zone = u64::MAX - u64::MAX % bound;
    loop {
        let word = rng.next_u64();
        if word < zone {
            return word % bound;
        }
    }
}
