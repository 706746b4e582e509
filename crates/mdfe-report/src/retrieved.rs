//! What is known of a retrieval, as plain data.

use crate::{Error, Result};
use mdfe_eval::{Report, Rows, Scores};

/// One row of a side: an image, as people speak of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Described {
    /// Where the image is, or any other name of the row.
    pub path: String,
    /// Its class, where it is known.
    pub label: Option<String>,
    /// Its domain, where there are several.
    pub domain: Option<String>,
}

/// The scores of one embedding.
#[derive(Clone, Debug)]
pub struct ScoredBy {
    /// Such as `raw 1280-d` or `trained 64-d`.
    pub name: String,
    /// Its means, with intervals where they are known.
    pub report: Report,
}

/// A test set and what was found in it.
pub struct Retrieved<'a> {
    /// The test set's name.
    pub name: String,
    /// How it was scored, in a sentence; may be empty.
    pub about: String,
    /// The queries, `[Q]`.
    pub query: Vec<Described>,
    /// The index rows, `[N]`; none when the queries are the index.
    pub index: Option<Vec<Described>>,
    /// Every query's scores and neighbours, by the embedding that the page is about. The first metric ranks the queries.
    pub scores: &'a Scores,
    /// What is compared, that embedding last.
    pub compared: Vec<ScoredBy>,
    /// The queries' embeddings, `[Q, D]`, for the map; without, there is none.
    pub embeddings: Option<Rows<'a>>,
}

impl Retrieved<'_> {
    /// The index rows, the queries where they are the index.
    pub(crate) fn rows(&self) -> &[Described] {
        self.index.as_deref().unwrap_or(&self.query)
    }

    pub(crate) fn check(&self) -> Result<()> {
        let expect = |what, got: usize, rows: usize| {
            let set = self.name.clone();
            if got == rows { Ok(()) } else { Err(Error::Length { set, what, got, rows }) }
        };
        expect("described queries", self.query.len(), self.scores.queries.len())?;
        self.embeddings.map_or(Ok(()), |rows| expect("embeddings", rows.len(), self.query.len()))?;
        let ids =
            self.scores.queries.iter().flat_map(|query| &query.neighbours).map(|found| found.id as usize);
        let needed = ids.max().map_or(0, |id| id + 1);
        expect("described index rows", self.rows().len(), self.rows().len().max(needed))
    }
}
