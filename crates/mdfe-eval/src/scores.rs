//! Every query's own scores, from which means, intervals and comparisons are made.

use crate::{
    Depth, Error, Exclude, Metric, Named, Neighbour, Neighbours, QueryResult, Relevance, Result, Similarity,
    relevance::check_rows,
};

/// A neighbour, and whether it is a right answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Match {
    /// Row of the index, from 0.
    pub id: u32,
    /// How near it is, as [`Similarity`] says.
    pub score: f32,
    /// `rel_q`: whether it is relevant to the query.
    pub relevant: bool,
}

/// What became of one query.
#[derive(Clone, Debug, PartialEq)]
pub struct QueryScores {
    /// n_q, the number of index rows that are relevant to it, without one that it may not find.
    pub relevant: usize,
    /// Its value of each metric, in their order; empty where nothing is relevant to it.
    pub values: Vec<f64>,
    /// Its first neighbours, the nearest first.
    pub neighbours: Vec<Match>,
}

/// The scores of all queries.
#[derive(Clone, Debug, PartialEq)]
pub struct Scores {
    /// What was measured.
    pub metrics: Vec<Metric>,
    /// Of each query, `[Q]`.
    pub queries: Vec<QueryScores>,
    /// Query rows under a name, which has means of its own: domains.
    pub groups: Named<Vec<usize>>,
    /// What "near" means.
    pub similarity: Similarity,
}

/// What neighbours are scored by.
#[derive(Clone, Copy, Debug)]
pub struct Scoring<'a, R> {
    /// What to measure.
    pub metrics: &'a [Metric],
    /// Which index rows are right answers.
    pub relevance: &'a R,
    /// With what the neighbours were searched.
    pub exclude: &'a Exclude,
}

impl<R: Relevance> Scoring<'_, R> {
    /// Scores the neighbours of all queries.
    ///
    /// # Errors
    /// [`Error::NoMetrics`], [`Error::ZeroK`] and [`Error::TooFewNeighbours`] for metrics that can't be computed,
    /// [`Error::Length`] when the relevance speaks of another number of queries.
    pub fn of(&self, neighbours: &Neighbours) -> Result<Vec<QueryScores>> {
        check_rows(self.relevance, neighbours.len(), self.relevance.index())?;
        self.exclude.check(neighbours.len(), self.relevance.index())?;
        check_k(self.metrics, neighbours.k(), &|| self.most_relevant(), self.relevance.index())?;
        Ok((0..neighbours.len()).map(|query| self.query(query, neighbours.row(query))).collect())
    }

    /// How many neighbours the metrics look at.
    pub(crate) fn k(&self) -> usize {
        let k = |metric: &Metric| match metric.depth() {
            Depth::At(k) => k,
            Depth::Relevant => self.most_relevant(),
            Depth::Index => self.relevance.index(),
        };
        self.metrics.iter().map(k).max().unwrap_or(0)
    }

    /// The largest n_q.
    fn most_relevant(&self) -> usize {
        (0..self.relevance.queries()).map(|query| self.relevant(query)).max().unwrap_or(0)
    }

    /// n_q.
    fn relevant(&self, query: usize) -> usize {
        let own = self.exclude.row(query).is_some_and(|row| self.relevance.relevant(query, row as usize));
        self.relevance.count(query).saturating_sub(usize::from(own))
    }

    fn query(&self, query: usize, found: &[Neighbour]) -> QueryScores {
        let relevant = self.relevant(query);
        let hits: Vec<bool> = found.iter().map(|n| self.relevance.relevant(query, n.id as usize)).collect();
        let value = |metric: &Metric| metric.value(QueryResult { hits: &hits, relevant });
        let values = if relevant > 0 { self.metrics.iter().map(value).collect() } else { Vec::new() };
        let pairs = found.iter().zip(&hits).take(kept(self.metrics));
        let neighbours = pairs.map(|(n, &relevant)| Match { id: n.id, score: n.score, relevant }).collect();
        QueryScores { relevant, values, neighbours }
    }
}

/// How many neighbours of a query its scores keep: those that metrics at some k look at, and the nearest in any case.
fn kept(metrics: &[Metric]) -> usize {
    let at = |metric: &Metric| if let Depth::At(k) = metric.depth() { k } else { 1 };
    metrics.iter().map(at).max().unwrap_or(1)
}

/// Refuses metrics that a search for `k` neighbours in `index` rows can't serve.
fn check_k(metrics: &[Metric], k: usize, most_relevant: &dyn Fn() -> usize, index: usize) -> Result<()> {
    check_metrics(metrics)?;
    for metric in metrics {
        let needed = match metric.depth() {
            Depth::At(at) => at,
            Depth::Relevant => most_relevant().min(index),
            Depth::Index => index,
        };
        if needed > k {
            return Err(Error::TooFewNeighbours { metric: metric.to_string(), needed, k });
        }
    }
    Ok(())
}

/// Refuses an empty list of metrics, and those that look at nothing.
pub(crate) fn check_metrics(metrics: &[Metric]) -> Result<()> {
    if metrics.is_empty() {
        return Err(Error::NoMetrics);
    }
    match metrics.iter().find(|metric| metric.depth() == Depth::At(0)) {
        Some(metric) => Err(Error::ZeroK { what: format!("the metric {metric}") }),
        None => Ok(()),
    }
}
