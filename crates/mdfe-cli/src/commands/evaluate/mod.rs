//! `mdfe evaluate`: a query set against an index set.

mod against;
mod per_query;
mod score;

use super::{
    report::{Evaluated, write_evaluation},
    sides::{Side, Sides},
};
use crate::args::{Evaluate, Protocol, SimilarityName};
use anyhow::Result;
use mdfe_eval::{
    Bootstrap, Evaluation, Exclude, IndexScope, MatchThreshold, Metric, Report, Rows, Scores, Similarity,
};
use mdfe_report::{Described, Fact};
use per_query::QueryLine;
use serde::Serialize;
use std::path::Path;

/// What is printed as JSON.
#[derive(Serialize)]
struct Printed<'a> {
    #[serde(flatten)]
    report: &'a Report,
    #[serde(skip_serializing_if = "Option::is_none")]
    mean_of_domains: Option<mdfe_eval::Metrics>,
    /// Absent unless asked for; `null` where no score reaches the precision.
    #[serde(skip_serializing_if = "Option::is_none")]
    open_set: Option<Option<MatchThreshold>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    against: Option<against::Against>,
}

pub(crate) fn run(args: &Evaluate) -> Result<()> {
    let similarity = similarity(args);
    let mut sides = Sides::new(&args.model, args.split.as_deref());
    sides.normalise = similarity == Similarity::InnerProduct;
    let query = sides.read(&args.query)?;
    let index = args.index.as_deref().map(|path| sides.read(path)).transpose()?;
    if let Some(index) = &index {
        query.expect_same_embedder(index)?;
    }
    let evaluation = Evaluation {
        metrics: metrics(args),
        similarity,
        exclude: if index.is_none() { Exclude::SameRow } else { Exclude::Nothing },
        scope: if args.separate { IndexScope::PerDomain } else { IndexScope::Merged },
    };
    // Read before anything is computed: a file that can't be read is said at once.
    let other = args.against.as_deref().map(QueryLine::read).transpose()?;
    let scores = score::score(&evaluation, &query, index.as_ref().unwrap_or(&query))?;
    let bootstrap = Bootstrap { resamples: args.resamples, seed: args.seed, ..Bootstrap::default() };
    let report = match args.resamples {
        0 => Report::of(&scores)?,
        _ => Report::with_intervals(&scores, &bootstrap)?,
    };
    let described = BothSides {
        query: sides.described(&query),
        index: index.as_ref().map(|index| sides.described(index)),
    };
    let lines = QueryLine::of(&scores, &described.query, described.index.as_deref());
    let against = match (&args.against, other) {
        (Some(path), Some(other)) => {
            Some(against::Against::new(path, &lines, &other, &scores.metrics, bootstrap)?)
        }
        _ => None,
    };
    let printed = Printed {
        report: &report,
        mean_of_domains: (report.domains.len() > 1).then(|| report.macro_average()),
        open_set: args.open_set.map(|precision| scores.match_threshold(precision)),
        against,
    };
    if let Some(path) = &args.per_query {
        QueryLine::write(&lines, path)?;
    }
    let text = text(&printed, args, similarity);
    if let Some(folder) = &args.report {
        page(args, folder, described, Found { query: &query, scores: &scores, report: &report })?;
    }
    args.results.print(&printed, &text)
}

/// What both sides are called.
struct BothSides {
    query: Vec<Described>,
    index: Option<Vec<Described>>,
}

struct Found<'a> {
    query: &'a Side,
    scores: &'a Scores,
    report: &'a Report,
}

fn similarity(args: &Evaluate) -> Similarity {
    match (args.protocol, args.similarity) {
        (Some(Protocol::Guiec), _) | (None, SimilarityName::L2) => Similarity::SquaredL2,
        _ => Similarity::InnerProduct,
    }
}

fn metrics(args: &Evaluate) -> Vec<Metric> {
    let k = args.neighbours.k;
    match (args.protocol, &args.metrics) {
        (Some(Protocol::Guiec), _) => vec![Metric::ModifiedPrecision(5)],
        (Some(Protocol::Uned), _) => vec![Metric::HitRate(1), Metric::ModifiedPrecision(5)],
        (None, Some(metrics)) => metrics.0.clone(),
        (None, None) => vec![
            Metric::ModifiedPrecision(k),
            Metric::HitRate(1),
            Metric::HitRate(k),
            Metric::Precision(k),
            Metric::AveragePrecision(k),
        ],
    }
}

fn text(printed: &Printed<'_>, args: &Evaluate, similarity: Similarity) -> String {
    let mut text = printed.report.to_string();
    if let (Some(found), Some(wanted)) = (&printed.open_set, args.open_set) {
        text += &match found {
            None => format!(
                "\nmatch threshold: no score of the nearest neighbour reaches a precision of {wanted}"
            ),
            Some(found) => {
                let (name, sign) = match similarity {
                    Similarity::InnerProduct => ("cosine", ">="),
                    Similarity::SquaredL2 => ("squared distance", "<="),
                };
                let recall = found.recall.map_or_else(String::new, |recall| {
                    format!(", {:.1} % of those with a match rightly", 100.0 * recall)
                });
                format!(
                    "\nmatch threshold: {name} {sign} {:.4} is right in {:.2} %; it answers {:.1} % of the queries{recall}",
                    found.score,
                    100.0 * found.precision,
                    100.0 * found.answered
                )
            }
        };
    }
    if let Some(against) = &printed.against {
        text += &against.to_string();
    }
    text
}

fn page(args: &Evaluate, folder: &Path, described: BothSides, found: Found<'_>) -> Result<()> {
    let fact = |name: &str, value: String| Fact { name: name.to_owned(), value };
    let mut facts = vec![fact("queries", args.query.display().to_string())];
    facts.extend(args.index.as_ref().map(|index| fact("index", index.display().to_string())));
    facts.extend(
        found
            .query
            .rows
            .embedder
            .as_ref()
            .map(|id| fact("embedder", format!("{} ({})", id.name, id.fingerprint.short()))),
    );
    let evaluated = Evaluated {
        query: described.query,
        index: described.index,
        embeddings: Rows::new(&found.query.rows.values, found.query.rows.dim)?,
        scores: found.scores,
        report: found.report.clone(),
        facts,
    };
    write_evaluation(evaluated, folder)
}
