//! Images that may be labelled wrongly, and images that are there twice.

use crate::{Retrieved, cards::Shown, thumbnails::Thumbnails};
use mdfe_eval::{QueryScores, Similarity};
use serde::Serialize;

/// Pairs shown of each kind.
const PAIRS: usize = 24;
/// Neighbours that have to agree.
const VOTERS: usize = 5;
/// From this cosine on two images count as copies.
const COPY: f32 = 0.99;

/// A query, what it found first, and how near that is.
#[derive(Debug, Serialize)]
pub(crate) struct Pair {
    query: Shown,
    found: Shown,
    score: f32,
}

/// What somebody should look at.
#[derive(Debug, Serialize)]
pub(crate) struct Suspects {
    /// All of the first five neighbours have one other class; the most confident first.
    labels: Vec<Pair>,
    /// The nearest neighbour is a copy, by cosine, under another class.
    copies_of_another_class: Vec<Pair>,
    /// How many queries have a copy of their own class in the index: answers that are given away.
    copies: usize,
}

impl Suspects {
    pub(crate) fn new(found: &Retrieved<'_>, thumbnails: &mut Thumbnails) -> Self {
        let queries = &found.scores.queries;
        let nearness = |query: usize| {
            let first = queries[query].neighbours.first();
            first.map_or(f32::NEG_INFINITY, |first| found.scores.similarity.nearness(first.score))
        };
        let cosines = found.scores.similarity == Similarity::InnerProduct;
        let is_copy = |query: &QueryScores, relevant: bool| {
            let first = query.neighbours.first();
            cosines && first.is_some_and(|first| first.relevant == relevant && first.score >= COPY)
        };
        let mut pairs = |mut suspects: Vec<usize>| -> Vec<Pair> {
            suspects.sort_by(|&a, &b| nearness(b).total_cmp(&nearness(a)).then(a.cmp(&b)));
            let pair = |query: usize| {
                let first = queries[query].neighbours.first()?;
                Some(Pair {
                    query: Shown::new(&found.query[query], thumbnails),
                    found: Shown::new(&found.rows()[first.id as usize], thumbnails),
                    score: first.score,
                })
            };
            suspects.into_iter().take(PAIRS).filter_map(pair).collect()
        };
        let all = 0..queries.len();
        Self {
            labels: pairs(all.clone().filter(|&query| outvoted(found, query)).collect()),
            copies_of_another_class: pairs(all.filter(|&query| is_copy(&queries[query], false)).collect()),
            copies: queries.iter().filter(|query| is_copy(query, true)).count(),
        }
    }
}

/// Whether all of the first neighbours have one class, and not the query's.
fn outvoted(found: &Retrieved<'_>, query: usize) -> bool {
    let (scores, own) = (&found.scores.queries[query], found.query[query].label.as_deref());
    let voters = scores.neighbours.iter().take(VOTERS);
    let mut labels = voters.map(|voter| found.rows()[voter.id as usize].label.as_deref());
    let first = labels.next().flatten();
    scores.relevant > 0
        && scores.neighbours.len() >= VOTERS
        && own.is_some()
        && first.is_some_and(|first| Some(first) != own && labels.all(|label| label == Some(first)))
}
