//! How far a mean over queries may be trusted: bootstrap intervals.

use crate::{
    Named, Scores,
    resample::{Purpose, below, generator},
};
use rayon::prelude::*;
use serde::{Serialize, Serializer};

/// Percentile bootstrap over queries: the scored queries are drawn again and again with replacement, as many as there are, and the
/// interval is what the middle share of the means covers.
///
/// Source: Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, section 13.3; for retrieval Sakai, "Evaluating Evaluation
/// Metrics based on the Bootstrap", SIGIR 2006. Queries are taken as independent: those of one class are not quite, so that the
/// truth is somewhat wider.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bootstrap {
    /// How many times the queries are drawn. Default 2000.
    pub resamples: usize,
    /// The share of the means that the interval covers. Default 0.95.
    pub level: f64,
    /// Seed of the draws. Default 0.
    pub seed: u64,
}

impl Default for Bootstrap {
    fn default() -> Self {
        Self { resamples: 2000, level: 0.95, seed: 0 }
    }
}

/// From `low` to `high`; serialised as a list of the two.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl Serialize for Interval {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        [self.low, self.high].serialize(serializer)
    }
}

/// Metric names and their intervals; `None` where no query could be scored.
pub type MetricIntervals = Named<Option<Interval>>;

/// The intervals of a report, place by place.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Intervals {
    /// The share that they cover.
    pub level: f64,
    /// How many times the queries were drawn.
    pub resamples: usize,
    /// Of the means over all scored queries.
    pub overall: MetricIntervals,
    /// Of the means over each domain.
    pub domains: Named<MetricIntervals>,
    /// Of the mean over domains, each of which is drawn by itself; empty where there are none.
    pub mean_of_domains: MetricIntervals,
}

impl Bootstrap {
    /// The intervals of all means.
    pub fn intervals(&self, scores: &Scores) -> Intervals {
        let all = self.means(scores, &mut (0..scores.queries.len()));
        let domains: Vec<(String, Vec<Vec<f64>>)> = (scores.groups.iter())
            .map(|(name, rows)| (name.to_owned(), self.means(scores, &mut rows.iter().copied())))
            .collect();
        let scored: Vec<&Vec<Vec<f64>>> =
            domains.iter().map(|(_, means)| means).filter(|means| !means.is_empty()).collect();
        let averages: Vec<Vec<f64>> = match scored.first() {
            Some(first) => (0..first.len()).map(|at| average(&scored, at)).collect(),
            None => Vec::new(),
        };
        Intervals {
            level: self.level,
            resamples: self.resamples,
            overall: self.of(scores, &all),
            domains: domains.iter().map(|(name, means)| (name.clone(), self.of(scores, means))).collect(),
            mean_of_domains: if domains.is_empty() {
                Named::from_iter([])
            } else {
                self.of(scores, &averages)
            },
        }
    }

    /// The mean of each metric in each resample, `[resamples, metrics]`; empty where no query is scored.
    fn means(&self, scores: &Scores, rows: &mut dyn Iterator<Item = usize>) -> Vec<Vec<f64>> {
        let values: Vec<&[f64]> =
            rows.map(|row| &scores.queries[row].values[..]).filter(|values| !values.is_empty()).collect();
        if values.is_empty() {
            return Vec::new();
        }
        let mean = |repetition| {
            let mut random = generator(self.seed, Purpose::Bootstrap, repetition);
            let mut sums = vec![0.0; scores.metrics.len()];
            for _ in 0..values.len() {
                let row = values[below(&mut random, values.len())];
                sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
            }
            sums.iter().map(|sum| sum / values.len() as f64).collect()
        };
        (0..self.resamples).into_par_iter().map(mean).collect()
    }

    fn of(&self, scores: &Scores, means: &[Vec<f64>]) -> MetricIntervals {
        let interval = |at: usize| self.interval(means.iter().map(|row| row[at]).collect());
        scores.metrics.iter().enumerate().map(|(at, metric)| (metric.to_string(), interval(at))).collect()
    }

    /// The middle share of the values; `None` where there are none.
    pub(crate) fn interval(&self, mut values: Vec<f64>) -> Option<Interval> {
        values.sort_by(f64::total_cmp);
        let tail = (1.0 - self.level) / 2.0;
        Some(Interval { low: quantile(&values, tail)?, high: quantile(&values, 1.0 - tail)? })
    }
}

/// Of a resample: the mean of the domains' means.
fn average(domains: &[&Vec<Vec<f64>>], at: usize) -> Vec<f64> {
    let metrics = domains[0][at].len();
    (0..metrics)
        .map(|m| domains.iter().map(|means| means[at][m]).sum::<f64>() / domains.len() as f64)
        .collect()
}

/// A quantile of sorted values, between two of them by interpolation, as `numpy.quantile` has it.
fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let place = share.clamp(0.0, 1.0) * last as f64;
    let (low, high) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
    Some(low + (high - low) * place.fract())
}
