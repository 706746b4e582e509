//! An index that is a folder.

use super::{
    answer::{Answer, Neighbour, path_or_row},
    queries::{self, Target},
};
use crate::{args::Search, exit::usage};
use anyhow::Result;
use mdfe_eval::Rows;
use mdfe_index::{Filter, Hit, Index, Query};

pub(super) fn search(args: &Search) -> Result<Vec<Answer>> {
    let filter = filter(args)?;
    if let Some(least) = args.fold.filter(|least| !(0.0..=1.0).contains(least)) {
        usage!("--fold {least} is no cosine from 0 to 1; 0.98 folds near duplicates");
    }
    let index = Index::open(&args.index)?;
    let info = index.info();
    if let Some(recall) = info.recall {
        tracing::info!(
            "{} is searched by signs: recall@{} was {:.4} when it was measured",
            args.index.display(),
            recall.k,
            recall.recall
        );
    }
    let target = Target { name: &args.index, dim: index.dim(), embedder: index.embedder() };
    let (names, values) = queries::read(args, &target)?;
    let mut query = Query::new(Rows::new(&values, index.dim())?);
    query.k = args.neighbours.k;
    query.filter = filter;
    query.min_score = args.min_score;
    query.fold = args.fold;
    let is_cosine = info.score.starts_with("cosine");
    let neighbour = |hit: Hit| -> Result<Neighbour> {
        let folded = hit.folded.iter().map(|&row| Ok(path_or_row(index.facts(row)?.path, row)));
        let folded = folded.collect::<mdfe_index::Result<_>>()?;
        Ok(Neighbour {
            path: path_or_row(hit.path.as_deref(), hit.row),
            cosine: is_cosine.then_some(hit.score),
            score: hit.score,
            row: hit.row,
            label: hit.label,
            domain: hit.domain,
            folded,
        })
    };
    let answer = |(query, hits): (String, Vec<Hit>)| {
        Ok(Answer::new(query, hits.into_iter().map(neighbour).collect::<Result<_>>()?))
    };
    names.into_iter().zip(index.search(&query)?).map(answer).collect()
}

fn filter(args: &Search) -> Result<Filter> {
    let mut filter = Filter::default();
    for (key, value) in &args.filter {
        match key.as_str() {
            "domain" => filter.domains.push(value.clone()),
            "label" => filter.labels.push(value.clone()),
            _ => usage!("--filter {key}={value}: there is no `{key}` to filter by; known: domain, label"),
        }
    }
    Ok(filter)
}
