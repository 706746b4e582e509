//! The scores of an evaluation, overall and for each domain.

use crate::{
    Error, Exclude, Metric, Named, Neighbours, QueryResult, Relevance, Result, relevance::check_rows,
};
use serde::Serialize;
use std::fmt;

/// Metric names such as `mMP@5` and their means over queries; `None` (`null` in JSON) where no query could be scored.
pub type Metrics = Named<Option<f64>>;

/// The scores of an evaluation.
///
/// Serialises to `{"overall": {"mMP@5": x, ...}, "domains": {name: {"mMP@5": x, ...}}, "queries": n,
/// "queries_without_relevant": m}`. Its `Display` is a table with four decimals; the values themselves are never rounded.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Means over all scored queries.
    pub overall: Metrics,
    /// Means over the scored queries of each domain; empty when no domains were given.
    pub domains: Named<Metrics>,
    /// Number of queries, Q.
    pub queries: usize,
    /// Queries to which no index row is relevant (n_q = 0). They are left out of every mean.
    pub queries_without_relevant: usize,
}

impl Report {
    /// Scores neighbours that were searched with `exclude`. `groups` gives names and the query rows that each one's means are
    /// over; use it for domains.
    ///
    /// # Errors
    /// [`Error::NoMetrics`], [`Error::ZeroK`] and [`Error::TooFewNeighbours`] for metrics that can't be computed,
    /// [`Error::Length`] when `relevance` speaks of another number of queries.
    pub fn score(
        metrics: &[Metric],
        neighbours: &Neighbours,
        relevance: &impl Relevance,
        exclude: &Exclude,
        groups: &Named<Vec<usize>>,
    ) -> Result<Self> {
        check_metrics(metrics, neighbours.k())?;
        check_rows(relevance, neighbours.len(), relevance.index())?;
        exclude.check(neighbours.len(), relevance.index())?;
        let values: Vec<Option<Vec<f64>>> =
            (0..neighbours.len()).map(|q| query_values(metrics, neighbours, relevance, exclude, q)).collect();
        let mean = |rows: &mut dyn Iterator<Item = usize>| -> Metrics {
            let mut sums = vec![0.0; metrics.len()];
            let mut scored = 0usize;
            for row in rows.filter_map(|q| values[q].as_ref()) {
                scored += 1;
                sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
            }
            let share = |sum: f64| (scored > 0).then(|| sum / scored as f64);
            metrics.iter().zip(sums).map(|(metric, sum)| (metric.to_string(), share(sum))).collect()
        };
        for (_, rows) in groups.iter() {
            if let Some(&row) = rows.iter().find(|&&row| row >= values.len()) {
                return Err(Error::Length { what: "grouped queries", got: row + 1, rows: values.len() });
            }
        }
        Ok(Self {
            overall: mean(&mut (0..values.len())),
            domains: groups
                .iter()
                .map(|(name, rows)| (name.to_owned(), mean(&mut rows.iter().copied())))
                .collect(),
            queries: values.len(),
            queries_without_relevant: values.iter().filter(|v| v.is_none()).count(),
        })
    }

    /// The mean over domains, each domain counting the same; domains without a scored query are left out.
    pub fn macro_average(&self) -> Metrics {
        let mean = |name: &str| {
            let values: Vec<f64> =
                self.domains.iter().filter_map(|(_, m)| m.get(name).copied().flatten()).collect();
            (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
        };
        self.overall.iter().map(|(name, _)| (name.to_owned(), mean(name))).collect()
    }
}

/// Refuses metrics that a search for `k` neighbours can't serve.
pub(crate) fn check_metrics(metrics: &[Metric], k: usize) -> Result<()> {
    if metrics.is_empty() {
        return Err(Error::NoMetrics);
    }
    for &metric in metrics {
        if metric.k() == 0 {
            return Err(Error::ZeroK { what: format!("the metric {metric}") });
        }
        if metric.k() > k {
            return Err(Error::TooFewNeighbours { metric: metric.to_string(), needed: metric.k(), k });
        }
    }
    Ok(())
}

/// The metrics of one query, or `None` when nothing is relevant to it.
fn query_values(
    metrics: &[Metric],
    neighbours: &Neighbours,
    relevance: &impl Relevance,
    exclude: &Exclude,
    query: usize,
) -> Option<Vec<f64>> {
    let own = exclude.row(query).is_some_and(|row| relevance.relevant(query, row as usize));
    let relevant = relevance.count(query).saturating_sub(usize::from(own));
    let hits: Vec<bool> =
        neighbours.row(query).iter().map(|n| relevance.relevant(query, n.id as usize)).collect();
    (relevant > 0)
        .then(|| metrics.iter().map(|metric| metric.value(QueryResult { hits: &hits, relevant })).collect())
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let average = (self.domains.len() > 1).then(|| self.macro_average());
        let rows = (self.domains.iter())
            .chain([("overall", &self.overall)])
            .chain(average.iter().map(|m| ("mean of domains", m)))
            .collect::<Vec<_>>();
        let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
        write!(f, "{:width$}", "")?;
        for (metric, _) in self.overall.iter() {
            write!(f, "  {metric:>7}")?;
        }
        for (name, metrics) in rows {
            write!(f, "\n{name:width$}")?;
            for (metric, value) in metrics.iter() {
                let width = metric.chars().count().max(7);
                match value {
                    Some(value) => write!(f, "  {value:>width$.4}")?,
                    None => write!(f, "  {:>width$}", "-")?,
                }
            }
        }
        write!(
            f,
            "\n{} queries, {} of them without a relevant index image",
            self.queries, self.queries_without_relevant
        )
    }
}
