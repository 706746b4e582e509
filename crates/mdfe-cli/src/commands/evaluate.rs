//! `mdfe evaluate`: a query set against an index set.

use super::sides::Sides;
use crate::{
    args::Evaluate,
    console::{print_json, print_line},
};
use anyhow::{Result, bail};
use mdfe_data::Embeddings;
use mdfe_eval::{
    Domains, Evaluation, Exclude, IndexScope, Knn, Metric, Named, Report, Retrieval, Rows, SingleLabel,
};

pub(crate) fn run(args: &Evaluate) -> Result<()> {
    if args.k == 0 {
        bail!("-k must be at least 1");
    }
    let mut sides = Sides::new(args.model.as_deref(), &args.backbone, &args.compute);
    let query = sides.read(&args.query)?;
    let index = args.index.as_deref().map(|path| sides.read(path)).transpose()?;
    let report = score(&query, index.as_ref(), args)?;
    if args.json { print_json(&report) } else { print_line(&report.to_string()) }
}

/// Scores `query` against `index`, or against itself with every query's own row left out.
fn score(query: &Embeddings, index: Option<&Embeddings>, args: &Evaluate) -> Result<Report> {
    let exclude = if index.is_none() { Exclude::SameRow } else { Exclude::Nothing };
    let index = index.unwrap_or(query);
    let scope = if args.separate { IndexScope::PerDomain } else { IndexScope::Merged };
    let metrics = vec![
        Metric::ModifiedPrecision(args.k),
        Metric::HitRate(1),
        Metric::HitRate(args.k),
        Metric::Precision(args.k),
        Metric::AveragePrecision(args.k),
    ];
    let (q, i) = (domains(query)?, domains(index)?);
    match (&q, &i) {
        // An index without domains is one index for all of them: labels alone decide, and each domain has its row.
        (Some(q), None) if !args.separate => {
            let knn = Knn { k: args.k, exclude: exclude.clone(), ..Knn::default() };
            let (query, index) = (side(query, None)?, side(index, None)?);
            let found = knn.search(query.embeddings, index.embeddings)?;
            let relevance = SingleLabel::new(query.labels.iter().copied(), index.labels.iter().copied());
            let groups = q.names().iter().map(|name| (name.clone(), q.rows_of(name)));
            let groups: Named<Vec<usize>> = groups.filter(|(_, rows)| !rows.is_empty()).collect();
            Ok(Report::score(&metrics, &found, &relevance, &exclude, &groups)?)
        }
        (None, Some(_)) => {
            tracing::warn!("the queries have no domains: the index's are not used");
            Ok(evaluation(metrics, exclude, scope).run(side(query, None)?, side(index, None)?)?)
        }
        _ => Ok(evaluation(metrics, exclude, scope).run(side(query, q.as_ref())?, side(index, i.as_ref())?)?),
    }
}

fn evaluation(metrics: Vec<Metric>, exclude: Exclude, scope: IndexScope) -> Evaluation {
    Evaluation { metrics, exclude, scope, ..Evaluation::default() }
}

fn domains(side: &Embeddings) -> Result<Option<Domains>> {
    Ok(side.domains.as_ref().map(|ids| Domains::from_ids(ids, &side.domain_names)).transpose()?)
}

fn side<'a>(side: &'a Embeddings, domains: Option<&'a Domains>) -> Result<Retrieval<'a>> {
    let labels = side.labels.as_deref().unwrap_or_default();
    Ok(Retrieval { embeddings: Rows::new(&side.values, side.dim)?, labels, domains })
}
