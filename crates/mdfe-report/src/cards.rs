//! Queries with what they found: the hardest, the median and some at random.

use crate::{Described, Retrieved, thumbnails::Thumbnails};
use rand::Rng;
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
use serde::Serialize;

/// Pixels of the longer side.
const SIDE: u32 = 112;
/// Neighbours of a query.
const NEIGHBOURS: usize = 5;
/// Queries of a kind.
const QUERIES: usize = 48;

/// An image of the page.
#[derive(Debug, Serialize)]
pub(crate) struct Shown {
    /// Its place among the thumbnails.
    pub(crate) image: usize,
    pub(crate) path: String,
    pub(crate) label: Option<String>,
    pub(crate) domain: Option<String>,
}

impl Shown {
    pub(crate) fn new(row: &Described, thumbnails: &mut Thumbnails) -> Self {
        let Described { path, label, domain } = row.clone();
        Self { image: thumbnails.of(&path, SIDE), path, label, domain }
    }
}

/// A neighbour of a query.
#[derive(Debug, Serialize)]
struct Found {
    #[serde(flatten)]
    shown: Shown,
    score: f32,
    relevant: bool,
}

/// A query with its neighbours.
#[derive(Debug, Serialize)]
pub(crate) struct Card {
    #[serde(flatten)]
    shown: Shown,
    /// n_q.
    relevant: usize,
    /// Its value of the first metric.
    value: f64,
    neighbours: Vec<Found>,
}

/// Queries by what they are good for.
#[derive(Debug, Serialize)]
pub(crate) struct Cards {
    hardest: Vec<Card>,
    median: Vec<Card>,
    random: Vec<Card>,
}

impl Cards {
    pub(crate) fn new(found: &Retrieved<'_>, thumbnails: &mut Thumbnails) -> Self {
        let order = by_difficulty(found);
        let middle = (order.len() / 2).saturating_sub(QUERIES / 2);
        let mut cards = |queries: &[usize]| -> Vec<Card> {
            queries.iter().map(|&query| card(found, query, thumbnails)).collect()
        };
        Self {
            hardest: cards(&order[..order.len().min(QUERIES)]),
            median: cards(&order[middle..order.len().min(middle + QUERIES)]),
            random: cards(&drawn(&order)),
        }
    }
}

/// The scored queries, the hardest first: the worst value, and among equals the most confident in what is wrong.
fn by_difficulty(found: &Retrieved<'_>) -> Vec<usize> {
    let queries = &found.scores.queries;
    let mut order: Vec<usize> =
        (0..queries.len()).filter(|&query| !queries[query].values.is_empty()).collect();
    let value = |query: usize| queries[query].values.first().copied().unwrap_or(0.0);
    let wrong = |query: usize| {
        let nearest = queries[query].neighbours.iter().find(|found| !found.relevant);
        nearest.map_or(f32::NEG_INFINITY, |nearest| found.scores.similarity.nearness(nearest.score))
    };
    order.sort_by(|&a, &b| value(a).total_cmp(&value(b)).then(wrong(b).total_cmp(&wrong(a))).then(a.cmp(&b)));
    order
}

/// Some queries at random, the same in every page of the same queries.
fn drawn(order: &[usize]) -> Vec<usize> {
    let (mut random, mut left) = (ChaCha8Rng::seed_from_u64(0), order.to_vec());
    left.sort_unstable();
    let draw = |_| {
        let at = ((u64::from(random.next_u32()) * left.len() as u64) >> 32) as usize;
        (at < left.len()).then(|| left.swap_remove(at))
    };
    (0..QUERIES).map_while(draw).collect()
}

fn card(found: &Retrieved<'_>, query: usize, thumbnails: &mut Thumbnails) -> Card {
    let scores = &found.scores.queries[query];
    let neighbours = scores.neighbours.iter().take(NEIGHBOURS).map(|neighbour| Found {
        shown: Shown::new(&found.rows()[neighbour.id as usize], thumbnails),
        score: neighbour.score,
        relevant: neighbour.relevant,
    });
    let neighbours = neighbours.collect();
    Card {
        shown: Shown::new(&found.query[query], thumbnails),
        relevant: scores.relevant,
        value: scores.values.first().copied().unwrap_or(0.0),
        neighbours,
    }
}
