//! One independent stream of random numbers per purpose and position, and what is drawn from it.
//!
//! A stream is a function of (seed, purpose, position) alone, so a resumed run needs no generator state: it asks for the same streams again.

pub(crate) use mdfe_data::shuffle;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// What random numbers are drawn for.
#[derive(Clone, Copy)]
pub(crate) enum Purpose {
    /// Initial projection.
    Projection = 1,
    /// Initial centers; the position is the width of a nested head, 0 for the whole embedding.
    Centers = 2,
    /// Dropout masks; the position is the batch. (The streams of 3 are the orders of `mdfe_data::Sampler`.)
    Dropout = 4,
    /// Classes of a sampled softmax; the position is the batch.
    Classes = 5,
}

/// The generator of a purpose at a position.
pub(crate) fn stream(seed: u64, purpose: Purpose, position: usize) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream((purpose as u64) << 48 | position as u64);
    rng
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_order_comes_equally_often() {
        let mut rng = stream(0, Purpose::Dropout, 0);
        let mut counts = std::collections::HashMap::new();
        for _ in 0..24_000 {
            let mut items = [0, 1, 2, 3];
            shuffle(&mut items, &mut rng);
            *counts.entry(items).or_insert(0) += 1;
        }
        // Binomial with p = 1/24: standard deviation 31; five of them.
        assert_eq!(counts.len(), 24);
        assert!(counts.values().all(|count| (845..1155).contains(count)), "{counts:?}");
    }
}
