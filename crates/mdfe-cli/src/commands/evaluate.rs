//! `mdfe evaluate`: a query set against an index set.

use super::sides::{Side, Sides};
use crate::args::Evaluate;
use anyhow::Result;
use mdfe_eval::{Domains, Evaluation, Exclude, IndexScope, Metric, Report, Retrieval, Rows, SingleLabel};

pub(crate) fn run(args: &Evaluate) -> Result<()> {
    let k = args.neighbours.k;
    let mut sides = Sides::new(&args.model, args.split.as_deref());
    let query = sides.read(&args.query)?;
    let index = args.index.as_deref().map(|path| sides.read(path)).transpose()?;
    if let Some(index) = &index {
        query.expect_same_embedder(index)?;
    }
    let evaluation = Evaluation {
        metrics: vec![
            Metric::ModifiedPrecision(k),
            Metric::HitRate(1),
            Metric::HitRate(k),
            Metric::Precision(k),
            Metric::AveragePrecision(k),
        ],
        exclude: if index.is_none() { Exclude::SameRow } else { Exclude::Nothing },
        scope: if args.separate { IndexScope::PerDomain } else { IndexScope::Merged },
        ..Evaluation::default()
    };
    let report = score(&evaluation, &query, index.as_ref().unwrap_or(&query))?;
    args.results.print(&report, &report.to_string())
}

/// Scores `query` against `index`, whichever of them has domains.
fn score(evaluation: &Evaluation, query: &Side, index: &Side) -> Result<Report> {
    let (q, i) = (domains(query)?, domains(index)?);
    match (&q, &i) {
        // An index without domains is one index for all of them: labels alone decide, and each domain has its row.
        (Some(q), None) if evaluation.scope == IndexScope::Merged => {
            let (query, index) = (side(query, None)?, side(index, None)?);
            let relevance = SingleLabel::new(query.labels.iter().copied(), index.labels.iter().copied());
            let one = Domains::from_names(std::iter::repeat_n("", index.embeddings.len()));
            let embeddings = mdfe_eval::Sides { query: query.embeddings, index: index.embeddings };
            let domains = mdfe_eval::Sides { query: q, index: &one };
            Ok(evaluation.run_with(embeddings, &relevance, Some(domains))?)
        }
        (None, Some(_)) => {
            tracing::warn!("the queries have no domains: the index's are not used");
            Ok(evaluation.run(side(query, None)?, side(index, None)?)?)
        }
        _ => Ok(evaluation.run(side(query, q.as_ref())?, side(index, i.as_ref())?)?),
    }
}

fn domains(side: &Side) -> Result<Option<Domains>> {
    let rows = &side.rows;
    Ok(rows.domains.as_ref().map(|ids| Domains::from_ids(ids, &rows.domain_names)).transpose()?)
}

fn side<'a>(side: &'a Side, domains: Option<&'a Domains>) -> Result<Retrieval<'a>> {
    Ok(Retrieval { embeddings: Rows::new(&side.rows.values, side.rows.dim)?, labels: &side.labels, domains })
}
