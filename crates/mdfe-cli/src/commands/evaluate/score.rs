//! Which rows are right answers to each other, and the scores that follow.

use crate::commands::sides::Side;
use anyhow::Result;
use mdfe_eval::{Domains, Evaluation, IndexScope, MultiLabel, Retrieval, Rows, Scores, SingleLabel};
use std::hash::Hash;

/// Scores `query` against `index`, whichever of them has domains. Rows are relevant to each other where they share a class, and the domain where
/// both sides have domains.
pub(super) fn score(evaluation: &Evaluation, query: &Side, index: &Side) -> Result<Scores> {
    let one = |side: &Side| Domains::from_names(std::iter::repeat_n("", side.rows.len()));
    let (q, i) = (domains(query)?, domains(index)?);
    let embeddings = mdfe_eval::Sides { query: rows(query)?, index: rows(index)? };
    match (q, i) {
        // An index without domains is one index for all of them: labels alone decide, and each domain has its row.
        (Some(q), None) if evaluation.scope == IndexScope::Merged => {
            let domains = mdfe_eval::Sides { query: &q, index: &one(index) };
            by_labels(evaluation, embeddings, [&query.labels, &index.labels], Some(domains))
        }
        (None, Some(_)) => {
            tracing::warn!("the queries have no domains: the index's are not used");
            by_labels(evaluation, embeddings, [&query.labels, &index.labels], None)
        }
        (Some(q), Some(i)) => {
            // Domains are matched by name: each counts as its position in the query's list.
            let pairs = |side: &Side, own: &Domains| -> Vec<Vec<(Option<usize>, i64)>> {
                let position = |row: usize| q.names().iter().position(|name| name == own.name(row));
                let pair = |(row, labels): (usize, &Vec<i64>)| {
                    labels.iter().map(|&label| (position(row), label)).collect()
                };
                side.labels.iter().enumerate().map(pair).collect()
            };
            let labels = [&pairs(query, &q), &pairs(index, &i)];
            by_labels(evaluation, embeddings, labels, Some(mdfe_eval::Sides { query: &q, index: &i }))
        }
        (Some(q), None) => {
            // The evaluation says what is missing.
            let (labels, none) = (vec![0; query.labels.len()], vec![0; index.labels.len()]);
            let side = |embeddings, labels, domains| Retrieval { embeddings, labels, domains };
            Ok(evaluation
                .scores(side(embeddings.query, &labels, Some(&q)), side(embeddings.index, &none, None))?)
        }
        (None, None) => by_labels(evaluation, embeddings, [&query.labels, &index.labels], None),
    }
}

/// Scores by the classes of each row, of which most rows have one.
fn by_labels<L: Eq + Hash + Copy>(
    evaluation: &Evaluation,
    embeddings: mdfe_eval::Sides<Rows<'_>>,
    [query, index]: [&Vec<Vec<L>>; 2],
    domains: Option<mdfe_eval::Sides<&Domains>>,
) -> Result<Scores> {
    let single = |side: &Vec<Vec<L>>| {
        side.iter()
            .map(|labels| labels.first().copied().filter(|_| labels.len() == 1))
            .collect::<Option<Vec<L>>>()
    };
    match (single(query), single(index)) {
        (Some(query), Some(index)) => {
            Ok(evaluation.scores_with(embeddings, &SingleLabel::new(query, index), domains)?)
        }
        _ => {
            Ok(evaluation.scores_with(embeddings, &MultiLabel::new(query.clone(), index.clone()), domains)?)
        }
    }
}

fn domains(side: &Side) -> Result<Option<Domains>> {
    let rows = &side.rows;
    Ok(rows.domains.as_ref().map(|ids| Domains::from_ids(ids, &rows.domain_names)).transpose()?)
}

fn rows(side: &Side) -> Result<Rows<'_>> {
    Ok(Rows::new(&side.rows.values, side.rows.dim)?)
}
