//! Exact k-nearest-neighbour search.
//!
//! A fast pass computes all scores in f32 tiles and lets through whatever could be among the k best, with a proven bound on
//! the rounding error of the tile. What gets through is scored again with f64 sums in a fixed order. The answer therefore
//! depends on neither the tile, the block, the number of threads nor the instruction set, only on the two rows.

mod binary;
mod block;
mod exclude;
mod int8;
mod neighbours;
mod pack;
mod similarity;
mod stream;
mod tasks;
mod tile;
mod top_k;

pub use binary::{BinaryBlock, BinaryStream, sign_bits};
pub use block::Block;
pub use exclude::Exclude;
pub use int8::{Int8Block, Int8Code, Int8Stream};
pub use neighbours::{Neighbour, Neighbours};
pub use similarity::Similarity;
pub(crate) use similarity::dot;
pub use stream::KnnStream;

use crate::{Error, Level, Result, Rows};

/// Options of an exact search.
///
/// The current rayon pool does the work: run it in `ThreadPool::install` to choose the number of threads.
#[derive(Clone, Debug)]
pub struct Knn {
    /// How many neighbours to return for each query; 5 by default. Fewer come back when the index has fewer.
    pub k: usize,
    /// What "near" means; the inner product by default.
    pub similarity: Similarity,
    /// Index rows that a query must not find; nothing by default.
    pub exclude: Exclude,
    /// Bytes of index that are packed and searched at a time, 8 MiB by default. Changes the speed, never the result.
    pub block_bytes: usize,
    /// The instruction set of the first pass, [`Level::current`] by default: the CPU's best or what `MDFE_SIMD` names. Changes
    /// the speed, never the result.
    pub level: Level,
}

impl Default for Knn {
    fn default() -> Self {
        Self {
            k: 5,
            similarity: Similarity::InnerProduct,
            exclude: Exclude::Nothing,
            block_bytes: 8 << 20,
            level: Level::current(),
        }
    }
}

impl Knn {
    /// Finds the `k` nearest index rows of every query: `query [Q, D]`, `index [N, D]`, the best first; equal scores in the
    /// order of their row ids.
    ///
    /// # Errors
    /// [`Error::ZeroK`], [`Error::Dim`] and [`Error::Empty`] for inputs of the wrong shape, [`Error::NotFinite`] and
    /// [`Error::TooLong`] name the offending row, [`Error::NotTheSameRows`] and [`Error::ExcludedRow`] come from
    /// `exclude`.
    pub fn search(&self, query: Rows<'_>, index: Rows<'_>) -> Result<Neighbours> {
        self.check_k()?;
        if query.dim() != index.dim() {
            return Err(Error::Dim { query: query.dim(), index: index.dim() });
        }
        // The last id is kept free as "no row".
        if index.len() >= u32::MAX as usize {
            return Err(Error::TooManyRows { rows: index.len() });
        }
        self.exclude.check(query.len(), index.len())?;
        let mut stream = KnnStream::new(self, query, index.len().div_ceil(pack::PANEL))?;
        stream.push(Block::new(index, 0))?;
        Ok(stream.finish())
    }

    /// Begins a search over an index that comes block by block: [`KnnStream::push`] each, then [`KnnStream::finish`]. With
    /// [`Exclude::Rows`] there must be one entry for each query; with [`Exclude::SameRow`] query `i` does not find the id `i`.
    ///
    /// # Errors
    /// [`Error::ZeroK`], [`Error::Empty`], [`Error::NotFinite`] and [`Error::TooLong`] for the queries, [`Error::Length`] for `exclude`.
    pub fn stream<'a>(&'a self, query: Rows<'a>) -> Result<KnnStream<'a>> {
        self.check_k()?;
        self.exclude.check_queries(query.len())?;
        KnnStream::new(self, query, usize::MAX)
    }

    fn check_k(&self) -> Result<()> {
        if self.k == 0 { Err(Error::ZeroK { what: "the search".into() }) } else { Ok(()) }
    }
}
