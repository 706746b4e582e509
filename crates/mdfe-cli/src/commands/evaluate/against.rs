//! Another result on the same queries.

use super::per_query::QueryLine;
use anyhow::{Result, bail};
use mdfe_eval::{Bootstrap, Metric, Named, PairedDifference, PairedTest};
use serde::Serialize;
use std::{fmt, path::Path};

/// How the result at hand differs from another.
#[derive(Serialize)]
pub(super) struct Against {
    /// The other's file.
    file: String,
    /// By metric that both have, over all scored queries.
    overall: Named<PairedDifference>,
    /// The same over each domain.
    domains: Named<Named<PairedDifference>>,
}

impl Against {
    /// Compares query by query; both results must be of the same queries in the same order.
    pub(super) fn new(
        path: &Path,
        own: &[QueryLine],
        other: &[QueryLine],
        metrics: &[Metric],
        bootstrap: Bootstrap,
    ) -> Result<Self> {
        let file = path.display().to_string();
        if own.len() != other.len() {
            bail!(
                "{file} is of {} queries, here are {}; compare results of the same queries",
                other.len(),
                own.len()
            );
        }
        let same =
            |a: &QueryLine, b: &QueryLine| a.query == b.query && a.label == b.label && a.domain == b.domain;
        if let Some(at) = (0..own.len()).find(|&at| !same(&own[at], &other[at])) {
            bail!(
                "query {at} of {file} is {}, here it is {}; compare results of the same queries in the same order",
                named(&other[at]),
                named(&own[at])
            );
        }
        let test = PairedTest { bootstrap: usual(bootstrap), ..PairedTest::default() };
        let over = |domain: Option<&str>| -> Named<PairedDifference> {
            let compare = |metric: &Metric| {
                let name = metric.to_string();
                let pairs = own
                    .iter()
                    .zip(other)
                    .filter(|(own, _)| domain.is_none() || own.domain.as_deref() == domain);
                let pairs = pairs.filter_map(|(a, b)| Some((*a.scores.get(&name)?, *b.scores.get(&name)?)));
                Some((name.clone(), test.compare(pairs)?))
            };
            metrics.iter().filter_map(compare).collect()
        };
        let mut domains: Vec<&str> = Vec::new();
        for domain in own.iter().filter_map(|line| line.domain.as_deref()) {
            if !domains.contains(&domain) {
                domains.push(domain);
            }
        }
        let overall = over(None);
        if overall.is_empty() {
            bail!("{file} and this result have no metric in common; give both the same --metrics");
        }
        Ok(Self {
            file,
            overall,
            domains: domains.into_iter().map(|domain| (domain.to_owned(), over(Some(domain)))).collect(),
        })
    }
}

/// A difference has an interval even where none was asked for the means.
fn usual(bootstrap: Bootstrap) -> Bootstrap {
    match bootstrap.resamples {
        0 => Bootstrap { seed: bootstrap.seed, ..Bootstrap::default() },
        _ => bootstrap,
    }
}

fn named(line: &QueryLine) -> String {
    match &line.label {
        Some(label) => format!("{} ({label})", line.query),
        None => line.query.clone(),
    }
}

impl fmt::Display for Against {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "\nagainst {}: this result less that one, 95 % interval, p of a paired randomisation test",
            self.file
        )?;
        let width = self.domains.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0).max(7);
        for (place, differences) in self.domains.iter().chain([("overall", &self.overall)]) {
            for (metric, found) in differences.iter() {
                let PairedDifference { difference, interval, p_value, better, worse, .. } = found;
                write!(
                    f,
                    "\n{place:width$}  {metric:<11}  {difference:+.4}  [{:+.4}, {:+.4}]  p {p_value:.4}  better {better}, worse {worse}",
                    interval.low, interval.high
                )?;
            }
        }
        Ok(())
    }
}
