//! The page of an evaluation.

use super::{FILE, Files};
use anyhow::Result;
use mdfe_eval::{Report, Rows, Scores};
use mdfe_report::{Described, Fact, Page, Retrieved, ScoredBy};
use std::path::Path;

/// What an evaluation found.
pub(in crate::commands) struct Evaluated<'a> {
    /// The queries.
    pub(in crate::commands) query: Vec<Described>,
    /// The index; `None` for the queries themselves.
    pub(in crate::commands) index: Option<Vec<Described>>,
    /// The queries' embeddings.
    pub(in crate::commands) embeddings: Rows<'a>,
    /// Every query's scores and neighbours.
    pub(in crate::commands) scores: &'a Scores,
    /// The means.
    pub(in crate::commands) report: Report,
    /// What the page is about.
    pub(in crate::commands) facts: Vec<Fact>,
}

/// Writes `report.html` into a folder, which is made where it is not there.
pub(in crate::commands) fn write_evaluation(evaluated: Evaluated<'_>, folder: &Path) -> Result<()> {
    let Evaluated { query, index, embeddings, scores, report, facts } = evaluated;
    let compared = vec![ScoredBy { name: format!("{}-d", embeddings.dim()), report }];
    let about = match &index {
        Some(index) => format!("{} queries search an index of {} images.", query.len(), index.len()),
        None => "The queries are the index; none finds itself.".to_owned(),
    };
    let set = Retrieved {
        name: "evaluation".into(),
        about,
        query,
        index,
        scores,
        compared,
        embeddings: Some(embeddings),
    };
    let page =
        Page { title: "What was found".into(), facts, sets: vec![set], curves: vec![], appendix: vec![] };
    Ok(page.write(&folder.join(FILE), &Files)?)
}
