//! One metric per file, each a function of one query's hits; here their names.

pub(crate) mod average_precision;
pub(crate) mod hit_rate;
pub(crate) mod modified_precision;
pub(crate) mod precision;
pub(crate) mod reciprocal_rank;

use crate::{Error, Result};
use std::{fmt, str::FromStr};

/// What a metric sees of one query.
#[derive(Clone, Copy, Debug)]
pub struct QueryResult<'a> {
    /// `rel_q(j)` for the neighbours found, the nearest first.
    pub hits: &'a [bool],
    /// n_q: how many index rows are relevant to the query, those it may not find left out. At least 1.
    pub relevant: usize,
}

/// A metric and the number of neighbours, k, that it looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Metric {
    /// `mMP@k`, [`formula::modified_precision`](crate::formula::modified_precision).
    ModifiedPrecision(usize),
    /// `R@k`, [`formula::hit_rate`](crate::formula::hit_rate).
    HitRate(usize),
    /// `P@k`, [`formula::precision`](crate::formula::precision).
    Precision(usize),
    /// `mAP@k`, [`formula::average_precision`](crate::formula::average_precision).
    AveragePrecision(usize),
    /// `MRR@k`, [`formula::reciprocal_rank`](crate::formula::reciprocal_rank).
    ReciprocalRank(usize),
}

impl Metric {
    /// mMP@5, R@1, R@5, P@5, mAP@5 and MRR@5.
    pub fn defaults() -> Vec<Metric> {
        vec![
            Metric::ModifiedPrecision(5),
            Metric::HitRate(1),
            Metric::HitRate(5),
            Metric::Precision(5),
            Metric::AveragePrecision(5),
            Metric::ReciprocalRank(5),
        ]
    }

    /// How many neighbours it looks at.
    pub fn k(self) -> usize {
        self.parts().1
    }

    /// The value for one query, in 0..=1.
    pub fn value(self, result: QueryResult<'_>) -> f64 {
        match self {
            Metric::ModifiedPrecision(k) => modified_precision::modified_precision(result, k),
            Metric::HitRate(k) => hit_rate::hit_rate(result, k),
            Metric::Precision(k) => precision::precision(result, k),
            Metric::AveragePrecision(k) => average_precision::average_precision(result, k),
            Metric::ReciprocalRank(k) => reciprocal_rank::reciprocal_rank(result, k),
        }
    }

    /// The name before the `@`, and k.
    fn parts(self) -> (&'static str, usize) {
        match self {
            Metric::ModifiedPrecision(k) => ("mMP", k),
            Metric::HitRate(k) => ("R", k),
            Metric::Precision(k) => ("P", k),
            Metric::AveragePrecision(k) => ("mAP", k),
            Metric::ReciprocalRank(k) => ("MRR", k),
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, k) = self.parts();
        write!(f, "{name}@{k}")
    }
}

impl FromStr for Metric {
    type Err = Error;

    /// Reads a name such as `mMP@5`.
    fn from_str(name: &str) -> Result<Self> {
        let unknown = || Error::UnknownMetric { name: name.to_owned() };
        let (kind, k) = name.split_once('@').ok_or_else(unknown)?;
        let k = k.parse().map_err(|_| unknown())?;
        let metric = match kind {
            "mMP" => Metric::ModifiedPrecision(k),
            "R" => Metric::HitRate(k),
            "P" => Metric::Precision(k),
            "mAP" => Metric::AveragePrecision(k),
            "MRR" => Metric::ReciprocalRank(k),
            _ => return Err(unknown()),
        };
        if k == 0 { Err(Error::ZeroK { what: format!("the metric {name}") }) } else { Ok(metric) }
    }
}

/// Number of hits among the first `k`.
fn hits_within(result: QueryResult<'_>, k: usize) -> usize {
    result.hits.iter().take(k).filter(|&&hit| hit).count()
}
