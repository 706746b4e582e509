//! A test set's part of the page.

use crate::{
    Result, Retrieved,
    cards::Cards,
    confusions::{Confusion, confusions},
    map::Map,
    suspects::Suspects,
    thumbnails::Thumbnails,
};
use mdfe_eval::{Metrics, Report};
use serde::Serialize;

/// The scores of one embedding, with the mean over domains.
#[derive(Debug, Serialize)]
struct Scored {
    name: String,
    #[serde(flatten)]
    report: Report,
    mean_of_domains: Option<Metrics>,
}

/// A test set, as the page's script reads it.
#[derive(Debug, Serialize)]
pub(crate) struct Set {
    name: String,
    about: String,
    /// The metric that ranks the queries.
    ranked_by: Option<String>,
    /// What the scores of neighbours are.
    score: &'static str,
    scored: Vec<Scored>,
    cards: Cards,
    confusions: Vec<Confusion>,
    suspects: Suspects,
    map: Option<Map>,
}

impl Set {
    pub(crate) fn new(found: &Retrieved<'_>, thumbnails: &mut Thumbnails) -> Result<Self> {
        found.check()?;
        let scored = found.compared.iter().map(|scored| Scored {
            name: scored.name.clone(),
            mean_of_domains: (scored.report.domains.len() > 1).then(|| scored.report.macro_average()),
            report: scored.report.clone(),
        });
        Ok(Self {
            name: found.name.clone(),
            about: found.about.clone(),
            ranked_by: found.scores.metrics.first().map(ToString::to_string),
            score: match found.scores.similarity {
                mdfe_eval::Similarity::InnerProduct => "cosine",
                mdfe_eval::Similarity::SquaredL2 => "squared distance",
            },
            scored: scored.collect(),
            // In the order in which they take the room for thumbnails.
            cards: Cards::new(found, thumbnails),
            confusions: confusions(found, thumbnails),
            suspects: Suspects::new(found, thumbnails),
            map: found.embeddings.map(|rows| Map::new(found, rows, thumbnails)),
        })
    }
}
