//! Searching: block by block over the mapped segments.

mod filter;
mod passes;

pub use filter::Filter;

use crate::{Dtype, Error, Index, Rescore, Result, fold};
use mdfe_eval::{Knn, Neighbours, Rows};

/// What is looked for.
#[derive(Clone, Debug)]
pub struct Query<'a> {
    /// `[Q, D]`, each of unit length, so that scores are cosines.
    pub vectors: Rows<'a>,
    /// How many rows to find for each query; 5 by default.
    pub k: usize,
    /// Which rows may be found; all by default.
    pub filter: Filter,
    /// Rows with a lower score are no match; none by default.
    pub min_score: Option<f32>,
    /// Rows with at least this cosine to one that was found before are folded into it; none by default.
    pub fold: Option<f32>,
    /// Of a binary index: how many candidates by Hamming distance are scored with the finer copy, at least `k`; 500 by default.
    pub candidates: usize,
}

impl<'a> Query<'a> {
    /// Five neighbours of each vector.
    pub fn new(vectors: Rows<'a>) -> Self {
        Self { vectors, k: 5, filter: Filter::default(), min_score: None, fold: None, candidates: 500 }
    }
}

/// A row that was found.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Hit {
    /// Its id.
    pub row: u32,
    /// The larger the nearer: the inner product with what is stored, [`IndexInfo::score`](crate::IndexInfo::score) says of what.
    pub score: f32,
    /// The image's path.
    pub path: Option<String>,
    /// The name of its class.
    pub label: Option<String>,
    /// The name of its domain.
    pub domain: Option<String>,
    /// Rows that were folded into it, their ids in the order of their scores.
    pub folded: Vec<u32>,
}

impl Index {
    /// Finds the nearest rows of every query, the best first; equal scores in the order of the rows' ids. The current rayon pool
    /// does the work.
    ///
    /// Exact over what is stored, or over the finer copies where an int8 index has them; a binary index is not exact
    /// ([`Recall`](crate::Recall)). No hit means no match.
    ///
    /// # Errors
    /// [`Error::Dim`] for queries of another width, [`Error::UnknownName`] for a filter that names nothing, [`Error::Empty`],
    /// and [`Error::Search`] names the query that is not finite.
    pub fn search(&self, query: &Query<'_>) -> Result<Vec<Vec<Hit>>> {
        if query.vectors.dim() != self.dim() {
            return Err(Error::Dim { what: "the query has", got: query.vectors.dim(), dim: self.dim() });
        }
        if self.is_empty() {
            return Err(Error::Empty { path: self.dir.clone() });
        }
        let keep = self.keep(&query.filter)?;
        let folding = fold::Folding { index: self, least: query.fold, k: query.k };
        let ends = |score: f32| query.min_score.is_none_or(|least| score >= least);
        let found = folding.search(
            |k| {
                let options = Knn { k, ..Knn::default() };
                self.neighbours(&options, query.vectors, &keep, query.candidates)
            },
            ends,
        )?;
        let hit = |(neighbour, folded): (mdfe_eval::Neighbour, Vec<u32>)| -> Result<Hit> {
            let facts = self.facts(neighbour.id)?;
            let own = |text: Option<&str>| text.map(str::to_owned);
            let (path, label, domain) = (own(facts.path), own(facts.label), own(facts.domain));
            Ok(Hit { row: neighbour.id, score: neighbour.score, path, label, domain, folded })
        };
        found.into_iter().map(|row| row.into_iter().map(hit).collect()).collect()
    }

    /// The nearest rows of those that are kept, by the search of the index's dtype.
    pub(crate) fn neighbours(
        &self,
        options: &Knn,
        query: Rows<'_>,
        keep: &filter::Keep,
        candidates: usize,
    ) -> Result<Neighbours> {
        match (self.manifest.dtype, self.manifest.rescore) {
            (Dtype::F32 | Dtype::F16, _) => self.exact(options, query, keep),
            (Dtype::Int8, _) => self.bytes(options, query, keep),
            (Dtype::Binary, Rescore::None) => self.signs(options, query, keep),
            (Dtype::Binary, _) => {
                let wide = Knn { k: candidates.max(options.k), ..options.clone() };
                let found = self.signs(&wide, query, keep)?;
                self.rescored(options, query, &found)
            }
        }
    }
}
