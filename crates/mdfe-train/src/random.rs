//! One independent stream of random numbers per purpose and position, and what is drawn from it.
//!
//! A stream is a function of (seed, purpose, position) alone, so a resumed run needs no generator state: it asks for the same streams again.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// What random numbers are drawn for.
#[derive(Clone, Copy)]
pub(crate) enum Purpose {
    /// Initial projection.
    Projection = 1,
    /// Initial centers.
    Centers = 2,
    /// Order of the samples; the position is the epoch.
    Order = 3,
    /// Dropout masks; the position is the step.
    Dropout = 4,
}

/// The generator of a purpose at a position.
pub(crate) fn stream(seed: u64, purpose: Purpose, position: usize) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream((purpose as u64) << 48 | position as u64);
    rng
}

/// Fisher and Yates from the front: each place in turn is swapped with a uniform one of those from it to the end.
///
/// Written out over the generator's words, because a library is free to change its own shuffle between releases, and the same seed
/// must give the same order then. The first k places are what `mdfe-data` draws as k of n.
pub(crate) fn shuffle<T>(items: &mut [T], rng: &mut impl Rng) {
    for i in 0..items.len().saturating_sub(1) {
        let rest = (items.len() - i) as u64;
        items.swap(i, i + below(rest, rng) as usize);
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A generator that gives these words.
    struct Words(std::vec::IntoIter<u64>);

    impl rand::TryRng for Words {
        type Error = std::convert::Infallible;

        fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
            unimplemented!("the shuffle takes whole words")
        }

        fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
            Ok(self.0.next().unwrap())
        }

        fn try_fill_bytes(&mut self, _: &mut [u8]) -> Result<(), Self::Error> {
            unimplemented!("the shuffle takes whole words")
        }
    }

    #[test]
    fn shuffle_is_the_specified_one() {
        // By hand: 7 % 4 = 3 swaps a and d, u64::MAX is past the last multiple of 3 and redrawn, 4 % 3 = 1 swaps b and c, 2 % 2 = 0.
        let mut items = ["a", "b", "c", "d"];
        let mut words = Words(vec![7, u64::MAX, 4, 2].into_iter());
        shuffle(&mut items, &mut words);
        assert_eq!(items, ["d", "c", "b", "a"]);
        assert!(words.0.next().is_none());
    }

    #[test]
    fn order_of_a_seed_is_the_same_in_every_release() {
        // Made by a program of its own in Python, from the definitions of ChaCha (8 rounds, RFC 8439's block with a 64-bit counter
        // and stream) and of `seed_from_u64` (PCG32).
        let mut items: Vec<u32> = (0..10).collect();
        shuffle(&mut items, &mut stream(1, Purpose::Order, 2));
        assert_eq!(items, [7, 6, 2, 1, 5, 9, 8, 3, 0, 4]);
    }

    #[test]
    fn every_order_comes_equally_often() {
        let mut rng = stream(0, Purpose::Order, 0);
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
