//! Which index rows are right answers to a query.

use crate::{Error, Result};
use std::{collections::HashMap, hash::Hash};

/// Says which index rows are relevant to a query. Excluded rows are the evaluation's business, not this trait's.
pub trait Relevance {
    /// Number of queries, Q.
    fn queries(&self) -> usize;

    /// Number of index rows, N.
    fn index(&self) -> usize;

    /// Whether the index row is a right answer to the query.
    fn relevant(&self, query: usize, index: usize) -> bool;

    /// How many index rows are relevant to the query. The provided implementation asks for each row.
    fn count(&self, query: usize) -> usize {
        (0..self.index()).filter(|&i| self.relevant(query, i)).count()
    }
}

/// One label for each row; equal labels are relevant. The label may be a pair `(domain, class)`: both must match.
#[derive(Clone, Debug)]
pub struct SingleLabel<L> {
    query: Vec<L>,
    index: Vec<L>,
    counts: HashMap<L, usize>,
}

impl<L: Eq + Hash + Clone> SingleLabel<L> {
    /// From the labels of the queries `[Q]` and of the index rows `[N]`.
    pub fn new(query: impl IntoIterator<Item = L>, index: impl IntoIterator<Item = L>) -> Self {
        let index: Vec<L> = index.into_iter().collect();
        let mut counts = HashMap::new();
        for label in &index {
            *counts.entry(label.clone()).or_default() += 1;
        }
        Self { query: query.into_iter().collect(), index, counts }
    }
}

impl<L: Eq + Hash> Relevance for SingleLabel<L> {
    fn queries(&self) -> usize {
        self.query.len()
    }

    fn index(&self) -> usize {
        self.index.len()
    }

    fn relevant(&self, query: usize, index: usize) -> bool {
        self.query[query] == self.index[index]
    }

    fn count(&self, query: usize) -> usize {
        self.counts.get(&self.query[query]).copied().unwrap_or(0)
    }
}

/// Several labels for each row, as where an image shows several classes; rows that share one are relevant.
#[derive(Clone, Debug)]
pub struct MultiLabel<L> {
    query: Vec<Vec<L>>,
    index: Vec<Vec<L>>,
    /// Index rows of each label, in order.
    rows: HashMap<L, Vec<usize>>,
}

impl<L: Eq + Hash + Clone> MultiLabel<L> {
    /// From the labels of the queries `[Q]` and of the index rows `[N]`. A row without labels is relevant to nothing.
    pub fn new(query: Vec<Vec<L>>, index: Vec<Vec<L>>) -> Self {
        let mut rows: HashMap<L, Vec<usize>> = HashMap::new();
        for (row, labels) in index.iter().enumerate() {
            for label in labels {
                rows.entry(label.clone()).or_default().push(row);
            }
        }
        Self { query, index, rows }
    }
}

impl<L: Eq + Hash> Relevance for MultiLabel<L> {
    fn queries(&self) -> usize {
        self.query.len()
    }

    fn index(&self) -> usize {
        self.index.len()
    }

    fn relevant(&self, query: usize, index: usize) -> bool {
        self.query[query].iter().any(|label| self.index[index].contains(label))
    }

    fn count(&self, query: usize) -> usize {
        let mut rows: Vec<usize> =
            self.query[query].iter().filter_map(|label| self.rows.get(label)).flatten().copied().collect();
        rows.sort_unstable();
        rows.dedup();
        rows.len()
    }
}

/// Checks that relevance and embeddings speak of the same rows.
pub(crate) fn check_rows(relevance: &impl Relevance, queries: usize, index: usize) -> Result<()> {
    if relevance.queries() != queries {
        return Err(Error::Length { what: "query labels", got: relevance.queries(), rows: queries });
    }
    if relevance.index() != index {
        return Err(Error::Length { what: "index labels", got: relevance.index(), rows: index });
    }
    Ok(())
}
