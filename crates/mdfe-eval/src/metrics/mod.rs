//! One metric per file, each a function of one query's hits, and one table of them.
//!
//! A new metric is a file beside these with a function of the file's name, and a line in the table: the enum, the names and the
//! formula's place in the public interface follow. The tests ask for a line in the README. `cargo fmt` does not look into the table:
//! format the file with `rustfmt`.

mod registry;

use crate::{Error, Result};
use std::{fmt, str::FromStr};

registry::metrics! {
    at {
        modified_precision: ModifiedPrecision, "mMP";
        hit_rate: HitRate, "R";
        precision: Precision, "P";
        average_precision: AveragePrecision, "mAP";
        reciprocal_rank: ReciprocalRank, "MRR";
        ndcg: Ndcg, "NDCG";
    }
    whole {
        average_precision_at_r: AveragePrecisionAtR, "mAP@R", Relevant;
        r_precision: RPrecision, "R-precision", Relevant;
        whole_average_precision: WholeAveragePrecision, "mAP", Index;
    }
}

/// How many neighbours of a query a metric looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// The first k.
    At(usize),
    /// As many as are relevant to the query, n_q.
    Relevant,
    /// All of the index.
    Index,
}

/// What a metric sees of one query.
#[derive(Clone, Copy, Debug)]
pub struct QueryResult<'a> {
    /// `rel_q(j)` for the neighbours found, the nearest first.
    pub hits: &'a [bool],
    /// n_q: how many index rows are relevant to the query, those it may not find left out. At least 1.
    pub relevant: usize,
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

    /// Reads names with commas between them, such as `mMP@5,R@1,mAP`; each metric once, in their order.
    ///
    /// # Errors
    /// [`Error::UnknownMetric`] and [`Error::ZeroK`] name the first that is none.
    pub fn list(names: &str) -> Result<Vec<Metric>> {
        let mut metrics = Vec::new();
        for name in names.split(',') {
            let metric = name.trim().parse()?;
            if !metrics.contains(&metric) {
                metrics.push(metric);
            }
        }
        Ok(metrics)
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.depth() {
            Depth::At(k) => write!(f, "{}@{k}", self.stem()),
            Depth::Relevant | Depth::Index => f.write_str(self.stem()),
        }
    }
}

impl FromStr for Metric {
    type Err = Error;

    /// Reads a name such as `mMP@5` or `R-precision`.
    fn from_str(name: &str) -> Result<Self> {
        if let Some(whole) = Metric::WHOLE.into_iter().find(|metric| metric.stem() == name) {
            return Ok(whole);
        }
        let unknown = || Error::UnknownMetric { name: name.to_owned() };
        let (kind, k) = name.split_once('@').ok_or_else(unknown)?;
        let k = k.parse().map_err(|_| unknown())?;
        let metric = Metric::named(kind, k).ok_or_else(unknown)?;
        if k == 0 { Err(Error::ZeroK { what: format!("the metric {name}") }) } else { Ok(metric) }
    }
}

/// The names of all metrics as a sentence lists them.
pub(crate) fn known() -> String {
    let at = Metric::NAMES.map(|name| format!("{name}@k"));
    let names: Vec<String> = at.into_iter().chain(Metric::WHOLE.map(|metric| metric.to_string())).collect();
    match names.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
        None => String::new(),
    }
}

/// Number of hits among the first `k`.
fn hits_within(result: QueryResult<'_>, k: usize) -> usize {
    result.hits.iter().take(k).filter(|&&hit| hit).count()
}
