//! Pairs of 64-bit hashes that differ in few bits.
//!
//! Two hashes that differ in at most r bits agree in one of r + 1 bands of bits, so only hashes that share a band are
//! compared. Time and memory follow the number of hashes that share a band, not the square of all.

use std::collections::HashMap;

/// Two hashes that are near each other. Pairs sort by distance and then by position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Pair {
    /// Bits in which they differ.
    pub(super) distance: u32,
    /// Position of the one that comes first.
    pub(super) first: usize,
    /// Position of the other.
    pub(super) second: usize,
}

/// What a search found.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NearPairs {
    /// In order.
    pub(super) pairs: Vec<Pair>,
    /// Whether it stopped at its limit, so that there may be more.
    pub(super) truncated: bool,
}

/// Every pair of `hashes` that differs in at most `radius` bits, but no more than `limit` pairs.
pub(super) fn near_pairs(hashes: &[u64], radius: u32, limit: usize) -> NearPairs {
    // Equal hashes would share every band: they are grouped first and compared once.
    let mut groups: HashMap<u64, Vec<usize>> = HashMap::new();
    for (i, hash) in hashes.iter().enumerate() {
        groups.entry(*hash).or_default().push(i);
    }
    let mut distinct: Vec<(u64, Vec<usize>)> = groups.into_iter().collect();
    distinct.sort_unstable_by_key(|(_, members)| members[0]);

    let mut found = Found { pairs: Vec::new(), limit };
    for (_, members) in &distinct {
        for (i, a) in members.iter().enumerate() {
            for b in &members[i + 1..] {
                if !found.add(*a, *b, 0) {
                    return found.finish(true);
                }
            }
        }
    }
    let bands = bands(radius + 1);
    for (number, band) in bands.iter().enumerate() {
        let mut buckets: HashMap<u64, Vec<usize>> = HashMap::new();
        for (i, (hash, _)) in distinct.iter().enumerate() {
            buckets.entry(hash & band).or_default().push(i);
        }
        let mut shared: Vec<Vec<usize>> = buckets.into_values().filter(|b| b.len() > 1).collect();
        shared.sort_unstable();
        for bucket in shared {
            for (k, &i) in bucket.iter().enumerate() {
                for &j in &bucket[k + 1..] {
                    let differing = distinct[i].0 ^ distinct[j].0;
                    // A pair that agrees in an earlier band was found there.
                    let earlier = bands[..number].iter().any(|b| differing & b == 0);
                    if differing.count_ones() > radius || earlier {
                        continue;
                    }
                    for a in &distinct[i].1 {
                        for b in &distinct[j].1 {
                            if !found.add(*a, *b, differing.count_ones()) {
                                return found.finish(true);
                            }
                        }
                    }
                }
            }
        }
    }
    found.finish(false)
}

struct Found {
    pairs: Vec<Pair>,
    limit: usize,
}

impl Found {
    /// Adds a pair unless the limit is reached.
    fn add(&mut self, a: usize, b: usize, distance: u32) -> bool {
        let room = self.pairs.len() < self.limit;
        if room {
            self.pairs.push(Pair { distance, first: a.min(b), second: a.max(b) });
        }
        room
    }

    fn finish(mut self, truncated: bool) -> NearPairs {
        self.pairs.sort_unstable();
        NearPairs { pairs: self.pairs, truncated }
    }
}

/// `n` masks of nearly equal width that cover 64 bits.
fn bands(n: u32) -> Vec<u64> {
    let edge = |i: u32| i * 64 / n;
    let ones = |bits: u32| if bits == 64 { u64::MAX } else { (1 << bits) - 1 };
    (0..n).map(|i| ones(edge(i + 1)) & !ones(edge(i))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_bands_find_what_comparing_all_pairs_finds(
            seeds in proptest::collection::vec((0u64..3, any::<u64>(), 0u32..10), 0..40), radius in 0u32..9,
        ) {
            // A few centres, each with some bits flipped, so that there are pairs at every distance.
            let hashes: Vec<u64> = seeds.iter().map(|(centre, flips, n)| {
                (0..*n).fold(centre.wrapping_mul(0x9e37_79b9_7f4a_7c15), |h, k| h ^ (1 << (flips >> (6 * k) & 63)))
            }).collect();
            let mut all = Vec::new();
            for a in 0..hashes.len() {
                for b in a + 1..hashes.len() {
                    let distance = (hashes[a] ^ hashes[b]).count_ones();
                    if distance <= radius {
                        all.push(Pair { distance, first: a, second: b });
                    }
                }
            }
            all.sort_by_key(|pair| (pair.distance, pair.first, pair.second));
            prop_assert_eq!(near_pairs(&hashes, radius, usize::MAX), NearPairs { pairs: all, truncated: false });
        }
    }

    #[test]
    fn the_search_stops_at_its_limit_and_says_so() {
        let equal = |second| Pair { distance: 0, first: 0, second };
        let found = NearPairs { pairs: vec![equal(1), equal(2)], truncated: true };
        assert_eq!(near_pairs(&[7, 7, 7], 4, 2), found);
        assert!(!near_pairs(&[7, 7, 7], 4, 3).truncated);
        assert_eq!(near_pairs(&[], 4, 3), NearPairs { pairs: vec![], truncated: false });
    }
}
