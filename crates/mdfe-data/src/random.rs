//! Random orders and draws, the same on every platform and in every release.
//!
//! Everything here is written out, because a library is free to change its own shuffle between releases, and a drawn list
//! or the order of a training run must come out the same then. What is drawn follows from the generator's 64-bit words
//! alone; ChaCha's are specified.
//!
//! ```
//! use rand::SeedableRng;
//! use rand_chacha::ChaCha8Rng;
//!
//! let mut letters = ["a", "b", "c", "d", "e"];
//! mdfe_data::shuffle(&mut letters, &mut ChaCha8Rng::from_seed([7; 32]));
//! assert_eq!(letters, ["b", "d", "e", "c", "a"]);
//! ```

use rand::Rng;

/// A uniform number in `0..bound`, without modulo bias: words past the last whole multiple of `bound` are redrawn.
///
/// # Panics
/// Where `bound` is 0, because no number is below it.
pub fn below(bound: u64, random: &mut impl Rng) -> u64 {
    let zone = u64::MAX - u64::MAX % bound;
    loop {
        let word = random.next_u64();
        if word < zone {
            return word % bound;
        }
    }
}

/// Puts `items` into a random order: Fisher and Yates, from the front. Item `i` changes places with one of `i..n`.
pub fn shuffle<T>(items: &mut [T], random: &mut impl Rng) {
    let steps = items.len().saturating_sub(1);
    steps_of_shuffle(items, steps, random);
}

/// `k` distinct positions out of `0..n`, ascending; all of them where `k >= n`.
///
/// The first `k` steps of a [`shuffle`], so that with one generator state a smaller draw is part of a larger one.
pub fn draw(n: usize, k: usize, random: &mut impl Rng) -> Vec<usize> {
    let mut positions: Vec<usize> = (0..n).collect();
    if k < n {
        steps_of_shuffle(&mut positions, k, random);
        positions.truncate(k);
        positions.sort_unstable();
    }
    positions
}

fn steps_of_shuffle<T>(items: &mut [T], steps: usize, random: &mut impl Rng) {
    let n = items.len();
    for i in 0..steps {
        items.swap(i, i + below((n - i) as u64, random) as usize);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    /// The generator of `tests/reference/shuffle.py`.
    fn random() -> ChaCha8Rng {
        ChaCha8Rng::from_seed(std::array::from_fn(|i| i as u8))
    }

    const SHUFFLED: [u32; 20] = [16, 1, 19, 0, 2, 14, 13, 6, 10, 3, 8, 5, 7, 15, 18, 9, 11, 17, 12, 4];
    const DRAWN: [usize; 5] = [8, 9, 12, 17, 18];
    const BELOW: [u64; 6] = [
        768728427463316800,
        3680220661829527769,
        5753826331143409655,
        4309532935472389887,
        3737900585142027151,
        6465113837412424310,
    ];

    #[test]
    fn the_order_is_that_of_the_reference() {
        let mut random = random();
        let mut items: Vec<u32> = (0..20).collect();
        shuffle(&mut items, &mut random);
        assert_eq!(items, SHUFFLED);
        // One generator goes on where it stopped: a shuffle of n takes n - 1 words where none is redrawn.
        assert_eq!(draw(20, 5, &mut random), DRAWN);
    }

    #[test]
    fn words_that_would_be_unfair_are_redrawn() {
        // A quarter of the words below 2^64 is past the last multiple of this bound.
        let mut random = random();
        let drawn: Vec<u64> = (0..6).map(|_| below(3 << 61, &mut random)).collect();
        assert_eq!(drawn, BELOW);
    }

    #[test]
    fn nothing_is_drawn_where_there_is_no_choice() {
        let mut random = random();
        shuffle(&mut [0; 0], &mut random);
        shuffle(&mut [7], &mut random);
        assert_eq!(draw(3, 3, &mut random), [0, 1, 2]);
        assert_eq!(draw(3, 9, &mut random), [0, 1, 2]);
        assert_eq!(draw(3, 0, &mut random), [0; 0]);
        assert_eq!(random, self::random(), "no word was taken");
    }

    #[test]
    fn every_order_comes_equally_often() {
        // 6 orders of 3 in 60,000 shuffles: each 10,000 times, standard deviation 91; five of them either way.
        let mut random = random();
        let mut counts = std::collections::BTreeMap::new();
        for _ in 0..60_000 {
            let mut items = [0, 1, 2];
            shuffle(&mut items, &mut random);
            *counts.entry(items).or_insert(0) += 1;
        }
        assert_eq!(counts.len(), 6);
        assert!(counts.values().all(|n| (9_545..=10_455).contains(n)), "{counts:?}");
    }
}
