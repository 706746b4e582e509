//! Searches over blocks, in f32, bytes and signs, against a search over all rows at once or a plain loop.
// Helpers of tests may fail as loudly as the tests.
#![allow(clippy::unwrap_used)]

use mdfe_eval::{
    BinaryBlock, Block, Error, Exclude, Int8Block, Int8Code, Knn, Level, Neighbours, Rows, Similarity,
    sign_bits,
};
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

/// Rows in bytes, with their finer copy.
struct Coded<'a> {
    finer: &'a [f32],
    codes: Vec<i8>,
    scales: Vec<f32>,
    errors: Vec<f32>,
    dim: usize,
    longest: f64,
}

impl<'a> Coded<'a> {
    fn new(finer: &'a [f32], dim: usize) -> Self {
        let mut codes = vec![0; finer.len()];
        let (mut scales, mut errors) = (Vec::new(), Vec::new());
        for (row, codes) in finer.chunks(dim).zip(codes.chunks_mut(dim)) {
            let code = Int8Code::encode(row, codes);
            scales.push(code.scale);
            errors.push(code.error(codes, row));
        }
        let norm = |row: &[f32]| row.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>().sqrt();
        let longest = finer.chunks(dim).map(norm).fold(0.0, f64::max) * (1.0 + 1e-9);
        Self { finer, codes, scales, errors, dim, longest }
    }

    /// The answer from blocks of `size` rows, of which `keep` are looked at.
    fn search(&self, knn: &Knn, query: &[f32], size: usize, keep: impl Fn(u32) -> bool) -> Neighbours {
        let mut stream = knn.stream_int8(Rows::new(query, self.dim).unwrap()).unwrap();
        for first in (0..self.scales.len()).step_by(size) {
            let end = (first + size).min(self.scales.len());
            let only: Vec<u32> = (0..(end - first) as u32).filter(|i| keep(first as u32 + i)).collect();
            let block = Int8Block {
                codes: &self.codes[first * self.dim..end * self.dim],
                scales: &self.scales[first..end],
                errors: Some(&self.errors[first..end]),
                dim: self.dim,
                first: first as u32,
                only: (only.len() < end - first).then_some(&only),
                longest: self.longest,
            };
            let finer = |i: usize, out: &mut [f32]| {
                out.copy_from_slice(&self.finer[(first + i) * self.dim..][..self.dim]);
            };
            stream.push(block, finer).unwrap();
        }
        stream.finish()
    }
}

fn stream(
    knn: &Knn,
    query: &[f32],
    index: &[f32],
    (dim, size): (usize, usize),
    keep: impl Fn(u32) -> bool,
) -> Neighbours {
    let mut stream = knn.stream(Rows::new(query, dim).unwrap()).unwrap();
    for (b, rows) in index.chunks(size * dim).enumerate() {
        let only: Vec<u32> = (0..(rows.len() / dim) as u32).filter(|i| keep((b * size) as u32 + i)).collect();
        let block = Block::new(Rows::new(rows, dim).unwrap(), (b * size) as u32);
        stream.push(Block { only: Some(&only), ..block }).unwrap();
    }
    stream.finish()
}

/// The search over the rows that are kept alone, with their ids in the whole.
fn kept(
    knn: &Knn,
    query: &[f32],
    index: &[f32],
    dim: usize,
    keep: impl Fn(u32) -> bool,
) -> Vec<Vec<(u32, f32)>> {
    let ids: Vec<u32> = (0..(index.len() / dim) as u32).filter(|&i| keep(i)).collect();
    let rows: Vec<f32> = ids.iter().flat_map(|&i| index[i as usize * dim..][..dim].to_vec()).collect();
    if rows.is_empty() {
        return vec![Vec::new(); query.len() / dim];
    }
    let found = knn.search(Rows::new(query, dim).unwrap(), Rows::new(&rows, dim).unwrap()).unwrap();
    found.rows().map(|row| row.iter().map(|n| (ids[n.id as usize], n.score)).collect()).collect()
}

fn pairs(found: &Neighbours) -> Vec<Vec<(u32, f32)>> {
    found.rows().map(|row| row.iter().map(|n| (n.id, n.score)).collect()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 64,
        rng_seed: proptest::test_runner::RngSeed::Fixed(0),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_blocks_give_the_answer_over_all_rows_that_are_kept(
        (q, n, dim, k) in (1usize..30, 1usize..300, 1usize..40, 1usize..9),
        (seed, ties, l2, size, every) in (any::<u64>(), any::<bool>(), any::<bool>(), 1usize..120, 1u32..4),
    ) {
        let make = if ties { coarse } else { rows };
        let (query, index) = (make(q, dim, !seed), make(n, dim, seed));
        let keep = |id: u32| id.is_multiple_of(every);
        let similarity = if l2 { Similarity::SquaredL2 } else { Similarity::InnerProduct };
        let knn = Knn { k, similarity, block_bytes: 1, ..Knn::default() };
        let expected = kept(&knn, &query, &index, dim, keep);
        prop_assert_eq!(pairs(&stream(&knn, &query, &index, (dim, size), keep)), expected);
        let knn = Knn { k, block_bytes: 1, ..Knn::default() };
        let expected = kept(&knn, &query, &index, dim, keep);
        let coded = Coded::new(&index, dim);
        for level in Level::available() {
            let knn = Knn { level, ..knn.clone() };
            prop_assert_eq!(&pairs(&coded.search(&knn, &query, size, keep)), &expected, "{}", level);
        }
    }

    #[test]
    fn signs_are_counted_as_a_plain_loop_counts_them(
        (q, n, dim, k) in (1usize..9, 1usize..200, 1usize..150, 1usize..9),
        (seed, size, every) in (any::<u64>(), 1usize..120, 1u32..4),
    ) {
        let (query, index) = (rows(q, dim, !seed), rows(n, dim, seed));
        let bytes = dim.div_ceil(8);
        let mut bits = vec![0; n * bytes];
        index.chunks(dim).zip(bits.chunks_mut(bytes)).for_each(|(row, bits)| sign_bits(row, bits));
        let knn = Knn { k, ..Knn::default() };
        let mut stream = knn.stream_binary(Rows::new(&query, dim).unwrap()).unwrap();
        for (b, part) in bits.chunks(size * bytes).enumerate() {
            let first = (b * size) as u32;
            let only: Vec<u32> = (0..(part.len() / bytes) as u32).filter(|i| (first + i).is_multiple_of(every)).collect();
            stream.push(BinaryBlock { bits: part, first, only: Some(&only) }).unwrap();
        }
        let plain: Vec<Vec<u32>> = query.chunks(dim).map(|a| {
            let differ = |b: &[f32]| a.iter().zip(b).filter(|(a, b)| (**a > 0.0) != (**b > 0.0)).count();
            let mut all: Vec<(usize, u32)> = index.chunks(dim).enumerate()
                .filter(|(i, _)| (*i as u32).is_multiple_of(every))
                .map(|(i, b)| (differ(b), i as u32)).collect();
            all.sort_unstable();
            all.truncate(k);
            all.into_iter().map(|(_, i)| i).collect()
        }).collect();
        let found = stream.finish();
        let ids: Vec<Vec<u32>> = found.rows().map(|row| row.iter().map(|n| n.id).collect()).collect();
        prop_assert_eq!(ids, plain);
    }
}

#[test]
fn bytes_decide_nothing_that_they_leave_open() {
    // A thousand rows that differ by less than a code, one by one nearer to the query: the codes are all alike.
    let dim = 16;
    let base = rows(1, dim, 1);
    let index: Vec<f32> = (0..1_000)
        .flat_map(|i| {
            let mut row = base.clone();
            row[3] += ((i * 7) % 1_000) as f32 * 1e-6;
            row
        })
        .collect();
    let mut query = rows(1, dim, 2);
    query[3] = 0.5;
    let coded = Coded::new(&index, dim);
    for level in Level::available() {
        let knn = Knn { k: 10, level, ..Knn::default() };
        assert_eq!(
            pairs(&coded.search(&knn, &query, 300, |_| true)),
            kept(&knn, &query, &index, dim, |_| true)
        );
    }
}

#[test]
fn lengths_of_rows_may_differ_by_orders_of_magnitude() {
    let dim = 20;
    let mut index = rows(500, dim, 3);
    for (i, row) in index.chunks_mut(dim).enumerate() {
        row.iter_mut().for_each(|v| *v *= 10f32.powi(i as i32 % 30 - 20));
    }
    let mut query = rows(13, dim, 4);
    query[..dim].fill(0.0);
    query[dim..2 * dim].iter_mut().for_each(|v| *v *= 1e-20);
    let coded = Coded::new(&index, dim);
    for exclude in [Exclude::Nothing, Exclude::Rows((0..13).map(|i| Some(i * 29)).collect())] {
        let knn = Knn { exclude, ..Knn::default() };
        let all = knn.search(Rows::new(&query, dim).unwrap(), Rows::new(&index, dim).unwrap()).unwrap();
        assert_eq!(coded.search(&knn, &query, 77, |_| true), all);
        assert_eq!(stream(&knn, &query, &index, (dim, 77), |_| true), all);
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let query = [1.0f32; 4];
    let query = Rows::new(&query, 2).unwrap();
    let l2 = Knn { similarity: Similarity::SquaredL2, ..Knn::default() };
    assert_eq!(l2.stream_int8(query).err(), Some(Error::InnerProductOnly));
    assert_eq!(l2.stream_binary(query).err(), Some(Error::InnerProductOnly));
    let none = Knn { k: 0, ..Knn::default() };
    assert!(matches!(none.stream(query).err(), Some(Error::ZeroK { .. })));
    let knn = Knn::default();
    let mut stream = knn.stream(query).unwrap();
    let wide = [0.0f32; 3];
    let block = Block::new(Rows::new(&wide, 3).unwrap(), 0);
    assert_eq!(stream.push(block).unwrap_err(), Error::Dim { query: 2, index: 3 });
    let last = Block { first: u32::MAX, ..Block::new(Rows::new(&wide[..2], 2).unwrap(), 0) };
    assert!(matches!(stream.push(last).unwrap_err(), Error::TooManyRows { .. }));
    let mut stream = knn.stream_int8(query).unwrap();
    let block = Int8Block {
        codes: &[0; 3],
        scales: &[1.0],
        errors: Some(&[0.0]),
        dim: 2,
        first: 0,
        only: None,
        longest: 1.0,
    };
    assert_eq!(stream.push(block, |_, _| ()).unwrap_err(), Error::Shape { len: 3, dim: 2 });
    let mut stream = knn.stream_binary(query).unwrap();
    assert!(stream.push(BinaryBlock { bits: &[1], first: u32::MAX, only: None }).is_err());
}
