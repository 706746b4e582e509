//! The scores of an evaluation, overall and for each domain.

use crate::{Bootstrap, Error, Interval, Intervals, MetricIntervals, Named, Result, Scores};
use serde::Serialize;
use std::fmt;

/// Metric names such as `mMP@5` and their means over queries; `None` (`null` in JSON) where no query could be scored.
pub type Metrics = Named<Option<f64>>;

/// The scores of an evaluation.
///
/// Serialises to `{"overall": {"mMP@5": x, ...}, "domains": {name: {"mMP@5": x, ...}}, "queries": n,
/// "queries_without_relevant": m}`, with `intervals` where they were asked for. Its `Display` is a table with four decimals; the values themselves are never rounded.
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
    /// Bootstrap intervals of the means.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub intervals: Option<Intervals>,
}

impl Report {
    /// The means of these scores.
    ///
    /// # Errors
    /// [`Error::Length`] when a group names a query that does not exist.
    pub fn of(scores: &Scores) -> Result<Self> {
        let queries = &scores.queries;
        let mean = |rows: &mut dyn Iterator<Item = usize>| -> Metrics {
            let mut sums = vec![0.0; scores.metrics.len()];
            let mut scored = 0usize;
            for values in rows.map(|q| &queries[q].values).filter(|values| !values.is_empty()) {
                scored += 1;
                sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
            }
            let share = |sum: f64| (scored > 0).then(|| sum / scored as f64);
            scores.metrics.iter().zip(sums).map(|(metric, sum)| (metric.to_string(), share(sum))).collect()
        };
        for (_, rows) in scores.groups.iter() {
            if let Some(&row) = rows.iter().find(|&&row| row >= queries.len()) {
                return Err(Error::Length { what: "grouped queries", got: row + 1, rows: queries.len() });
            }
        }
        Ok(Self {
            overall: mean(&mut (0..queries.len())),
            domains: (scores.groups.iter())
                .map(|(name, rows)| (name.to_owned(), mean(&mut rows.iter().copied())))
                .collect(),
            queries: queries.len(),
            queries_without_relevant: queries.iter().filter(|query| query.relevant == 0).count(),
            intervals: None,
        })
    }

    /// The means of these scores with their intervals.
    ///
    /// # Errors
    /// Those of [`Report::of`].
    pub fn with_intervals(scores: &Scores, bootstrap: &Bootstrap) -> Result<Self> {
        Ok(Self { intervals: Some(bootstrap.intervals(scores)), ..Self::of(scores)? })
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

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let average = (self.domains.len() > 1).then(|| self.macro_average());
        let mut rows: Vec<(String, &Metrics)> =
            self.domains.iter().map(|(name, metrics)| (name.to_owned(), metrics)).collect();
        rows.push(("overall".to_owned(), &self.overall));
        rows.extend(average.iter().map(|metrics| ("mean of domains".to_owned(), metrics)));
        let ends = self.intervals.iter().flat_map(|intervals| {
            let of = |name: &str, pick: fn(&Interval) -> f64| {
                (format!("{} % interval, {name}", intervals.level * 100.0), ends(&intervals.overall, pick))
            };
            [of("from", |interval| interval.low), of("to", |interval| interval.high)]
        });
        let ends: Vec<(String, Metrics)> = ends.collect();
        let at = self.domains.len() + 1;
        rows.splice(at..at, ends.iter().map(|(name, metrics)| (name.clone(), metrics)));
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

/// One end of each interval.
fn ends(intervals: &MetricIntervals, pick: fn(&Interval) -> f64) -> Metrics {
    intervals.iter().map(|(name, interval)| (name.to_owned(), interval.as_ref().map(pick))).collect()
}
