//! The search over the signs of rows.
//!
//! The Hamming distance of sign bits says something about the angle of two rows and bounds nothing: what comes out is a list of
//! candidates, of which whoever has finer copies keeps the best.

use super::{
    Knn, Neighbours, Similarity,
    top_k::{Candidate, TopK},
};
use crate::{Error, Neighbour, Result, Rows};
use rayon::prelude::*;

/// Rows that one task looks at before the next query: their words stay in a first-level cache.
const STEP: usize = 1 << 12;

/// Writes the signs of `row [D]` to `bits [ceil(D / 8)]`: bit `d % 8` of byte `d / 8` is set where value `d` is above zero.
pub fn sign_bits(row: &[f32], bits: &mut [u8]) {
    for (byte, values) in bits.iter_mut().zip(row.chunks(8)) {
        *byte = values.iter().enumerate().fold(0, |byte, (i, &value)| byte | u8::from(value > 0.0) << i);
    }
}

/// Consecutive rows of an index as sign bits, of which some may be left out.
#[derive(Clone, Copy, Debug)]
pub struct BinaryBlock<'a> {
    /// `[n, ceil(D / 8)]` ([`sign_bits`]).
    pub bits: &'a [u8],
    /// The id of the first row in the whole index.
    pub first: u32,
    /// The rows to look at, as positions in the block in ascending order; all of them without it.
    pub only: Option<&'a [u32]>,
}

/// A search for the rows with the most signs in common, over an index that comes block by block: [`Knn::stream_binary`].
pub struct BinaryStream<'a> {
    options: &'a Knn,
    dim: usize,
    /// Words of a row.
    words: usize,
    /// `[Q, words]`
    query: Vec<u64>,
    /// `[Q]`
    best: Vec<TopK>,
}

impl Knn {
    /// As [`Knn::stream`], over sign bits. The scores are `1 - 2 h / D` for h signs that differ: the cosine of the two rows of signs.
    ///
    /// # Errors
    /// Those of [`Knn::stream`], and [`Error::InnerProductOnly`] for another similarity.
    pub fn stream_binary<'a>(&'a self, query: Rows<'_>) -> Result<BinaryStream<'a>> {
        if self.similarity != Similarity::InnerProduct {
            return Err(Error::InnerProductOnly);
        }
        self.check_k()?;
        self.exclude.check_queries(query.len())?;
        query.checked_norms("query")?;
        let (dim, words) = (query.dim(), query.dim().div_ceil(64));
        let mut bits = vec![0; dim.div_ceil(8)];
        let mut all = vec![0; query.len() * words];
        for (row, out) in all.chunks_mut(words).enumerate() {
            sign_bits(query.row(row), &mut bits);
            to_words(&bits, out);
        }
        Ok(BinaryStream { options: self, dim, words, query: all, best: vec![TopK::new(self.k); query.len()] })
    }
}

impl BinaryStream<'_> {
    /// Looks at a block. Blocks may come in any order; no row may come twice.
    ///
    /// # Errors
    /// [`Error::Shape`] and [`Error::TooManyRows`] for a block that does not fit.
    pub fn push(&mut self, block: BinaryBlock<'_>) -> Result<()> {
        let bytes = self.dim.div_ceil(8);
        if !block.bits.len().is_multiple_of(bytes) {
            return Err(Error::Shape { len: block.bits.len(), dim: bytes });
        }
        let rows = block.bits.len() / bytes;
        let end = block.first as usize + rows;
        if end > u32::MAX as usize {
            return Err(Error::TooManyRows { rows: end });
        }
        let count = block.only.map_or(rows, <[u32]>::len);
        let position = |i: usize| block.only.map_or(i, |only| only[i] as usize);
        let (words, level, exclude) = (self.words, self.options.level, &self.options.exclude);
        let mut packed = vec![0u64; STEP.min(count) * words];
        for start in (0..count).step_by(STEP) {
            let many = STEP.min(count - start);
            for (i, out) in packed.chunks_mut(words).take(many).enumerate() {
                to_words(&block.bits[position(start + i) * bytes..][..bytes], out);
            }
            let queries = self.query.par_chunks(words).zip(self.best.par_iter_mut()).enumerate();
            queries.with_min_len(4).for_each(|(q, (query, best))| {
                level.vectorize(|| {
                    let mut bar = bar(best);
                    for (i, row) in packed.chunks_exact(words).take(many).enumerate() {
                        let differ: u32 = query.iter().zip(row).map(|(a, b)| (a ^ b).count_ones()).sum();
                        if differ > bar {
                            continue;
                        }
                        let id = block.first + position(start + i) as u32;
                        if exclude.row(q) != Some(id)
                            && best.push(Candidate { nearness: -(differ as f32), id })
                        {
                            bar = self::bar(best);
                        }
                    }
                });
            });
        }
        Ok(())
    }

    /// The rows that have the most signs in common with each query.
    pub fn finish(self) -> Neighbours {
        let dim = self.dim as f32;
        let neighbour = |c: Candidate| Neighbour { id: c.id, score: 1.0 + 2.0 * c.nearness / dim };
        Neighbours::from_rows(
            self.options.k,
            self.best.into_iter().map(|best| best.into_sorted().into_iter().map(neighbour).collect()),
        )
    }
}

/// The most signs in which a newcomer may differ.
fn bar(best: &TopK) -> u32 {
    if best.bar() == f32::NEG_INFINITY { u32::MAX } else { (-best.bar()) as u32 }
}

/// Bytes as words, the first byte lowest; the last word is filled up with zeros.
#[inline(always)]
fn to_words(bytes: &[u8], words: &mut [u64]) {
    let (whole, rest) = bytes.as_chunks::<8>();
    for (word, bytes) in words.iter_mut().zip(whole) {
        *word = u64::from_le_bytes(*bytes);
    }
    if let (false, Some(last)) = (rest.is_empty(), words.last_mut()) {
        let mut padded = [0; 8];
        padded[..rest.len()].copy_from_slice(rest);
        *last = u64::from_le_bytes(padded);
    }
}
