//! The search against a plain loop, for any shape, number of threads and block size.
// Helpers of tests may fail as loudly as the tests.
#![allow(clippy::unwrap_used)]

use mdfe_eval::{Exclude, Knn, Level, Neighbours, Rows, Similarity};
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};

fn rows(count: usize, dim: usize, seed: u64) -> Vec<f32> {
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
    (0..count * dim).map(|_| rng.random::<f32>() * 2.0 - 1.0).collect()
}

/// Values on a coarse grid: many ties.
fn coarse(count: usize, dim: usize, seed: u64) -> Vec<f32> {
    rows(count, dim, seed).iter().map(|v| (v * 2.0).round() / 2.0).collect()
}

/// Sorts all rows by the f64 score, then by id; scores rounded to f32 first, as the search reports them.
fn plain(knn: &Knn, query: &[f32], index: &[f32], dim: usize) -> Vec<Vec<u32>> {
    let one = |(q, a): (usize, &[f32])| {
        let mut all: Vec<(f32, u32)> = (index.chunks(dim).enumerate())
            .map(|(i, b)| {
                let pairs = a.iter().zip(b).map(|(&x, &y)| (f64::from(x), f64::from(y)));
                let score = match knn.similarity {
                    Similarity::InnerProduct => -pairs.map(|(x, y)| x * y).sum::<f64>(),
                    Similarity::SquaredL2 => pairs.map(|(x, y)| (x - y) * (x - y)).sum::<f64>(),
                };
                (score as f32, i as u32)
            })
            .filter(|&(_, i)| knn.exclude.row(q) != Some(i))
            .collect();
        all.sort_by(|a, b| a.partial_cmp(b).unwrap());
        all.truncate(knn.k);
        all.into_iter().map(|(_, i)| i).collect()
    };
    query.chunks(dim).enumerate().map(one).collect()
}

fn ids(found: &Neighbours) -> Vec<Vec<u32>> {
    found.rows().map(|row| row.iter().map(|n| n.id).collect()).collect()
}

fn search(knn: &Knn, query: &[f32], index: &[f32], dim: usize) -> Neighbours {
    knn.search(Rows::new(query, dim).unwrap(), Rows::new(index, dim).unwrap()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 64,
        rng_seed: proptest::test_runner::RngSeed::Fixed(0),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_shape_finds_what_a_plain_loop_finds(
        (q, n, dim, k) in (1usize..40, 1usize..150, 1usize..40, 1usize..12),
        (seed, ties, l2, one_out) in (any::<u64>(), any::<bool>(), any::<bool>(), any::<bool>()),
    ) {
        let make = if ties { coarse } else { rows };
        let index = make(n, dim, seed);
        let query = if one_out { index.clone() } else { make(q, dim, !seed) };
        let similarity = if l2 { Similarity::SquaredL2 } else { Similarity::InnerProduct };
        let exclude = if one_out { Exclude::SameRow } else { Exclude::Nothing };
        // Blocks of a single panel, so that thresholds carry over between blocks.
        let knn = Knn { k, similarity, exclude, block_bytes: 1, ..Knn::default() };
        let found = search(&knn, &query, &index, dim);
        // The order of the f64 additions differs, which could swap two rows only where their f32 scores round apart: the
        // chance is about 1e-8 for a pair of neighbours, and the seed is fixed.
        prop_assert_eq!(ids(&found), plain(&knn, &query, &index, dim));
    }
}

#[test]
fn result_is_the_same_for_any_threads_and_blocks() {
    let dim = 70;
    let (query, index) = (rows(333, dim, 1), rows(5_000, dim, 2));
    let expected = search(&Knn::default(), &query, &index, dim);
    for threads in [1, 2, 3, 7] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        for block_bytes in [1, 100_000, 1 << 30] {
            let knn = Knn { block_bytes, ..Knn::default() };
            let found = pool.install(|| search(&knn, &query, &index, dim));
            assert_eq!(found, expected, "{threads} threads, blocks of {block_bytes} bytes");
        }
    }
}

#[test]
fn result_is_the_same_bits_at_every_level() {
    // Rows that fill neither a panel nor a group, and ties.
    for (dim, make) in [(1, coarse as fn(usize, usize, u64) -> Vec<f32>), (70, rows), (33, coarse)] {
        let (query, index) = (make(29, dim, 1), make(1_001, dim, 2));
        for similarity in [Similarity::InnerProduct, Similarity::SquaredL2] {
            let at = |level| search(&Knn { similarity, level, ..Knn::default() }, &query, &index, dim);
            let expected = at(Level::current());
            for level in Level::available() {
                assert_eq!(at(level), expected, "{level}, {similarity:?}, {dim} dimensions");
            }
        }
    }
}

#[test]
fn copies_come_in_the_order_of_their_ids_with_equal_scores() {
    let dim = 33;
    let one = rows(1, dim, 3);
    let index = one.repeat(100);
    let found = search(&Knn { k: 7, ..Knn::default() }, &one, &index, dim);
    assert_eq!(ids(&found), [[0, 1, 2, 3, 4, 5, 6]]);
    assert!(found.row(0).iter().all(|n| n.score == found.row(0)[0].score));
}

#[test]
fn scores_below_the_error_of_f32_sums_are_still_in_order() {
    // The second half of each row cancels the first; what remains is a last value of i * 1e-8, a hundredth of the error of an
    // f32 sum of these 601 terms.
    let (half, count) = (300, 400);
    let mut query = rows(1, half, 4);
    query.extend(query.clone().iter().map(|v| -v));
    query.push(1.0);
    let values = rows(count, half, 5);
    let row = |(i, w): (usize, &[f32])| [w, w, &[((i * 7) % count) as f32 * 1e-8]].concat();
    let index: Vec<f32> = values.chunks(half).enumerate().flat_map(row).collect();
    let dim = 2 * half + 1;
    for similarity in [Similarity::InnerProduct, Similarity::SquaredL2] {
        let knn = Knn { k: 20, similarity, block_bytes: 1, ..Knn::default() };
        assert_eq!(ids(&search(&knn, &query, &index, dim)), plain(&knn, &query, &index, dim));
    }
}

#[test]
fn k_beyond_the_index_returns_every_row_once() {
    let (query, index) = (rows(3, 4, 5), rows(6, 4, 6));
    let found = search(&Knn { k: 50, ..Knn::default() }, &query, &index, 4);
    assert!(found.rows().all(|row| row.len() == 6));
    assert_eq!(found.ids().len(), 3 * 50);
    assert_eq!(found.ids()[6], u32::MAX);
    let found = search(&Knn { exclude: Exclude::SameRow, ..Knn::default() }, &query[..4], &query[..4], 4);
    assert_eq!(found.row(0), []);
}
