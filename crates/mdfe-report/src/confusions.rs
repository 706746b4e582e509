//! Pairs of classes that are taken for each other.

use crate::{Retrieved, cards::Shown, thumbnails::Thumbnails};
use serde::Serialize;
use std::collections::BTreeMap;

/// Pairs shown.
const PAIRS: usize = 24;

/// A class whose queries find another first.
#[derive(Debug, Serialize)]
pub(crate) struct Confusion {
    /// How many of its queries do.
    count: usize,
    /// How many queries the class has.
    queries: usize,
    /// One of them.
    query: Shown,
    /// What it found.
    found: Shown,
}

/// The most confused pairs, the most frequent first.
pub(crate) fn confusions(found: &Retrieved<'_>, thumbnails: &mut Thumbnails) -> Vec<Confusion> {
    let mut pairs: BTreeMap<(&str, &str), Vec<(usize, usize)>> = BTreeMap::new();
    let mut queries: BTreeMap<&str, usize> = BTreeMap::new();
    for (query, scores) in found.scores.queries.iter().enumerate() {
        let Some(own) = found.query[query].label.as_deref() else { continue };
        *queries.entry(own).or_default() += 1;
        if let Some(first) = scores.neighbours.first().filter(|first| !first.relevant && scores.relevant > 0)
            && let Some(other) = found.rows()[first.id as usize].label.as_deref()
        {
            pairs.entry((own, other)).or_default().push((query, first.id as usize));
        }
    }
    let mut pairs: Vec<_> = pairs.into_iter().collect();
    pairs.sort_by_key(|(_, all)| std::cmp::Reverse(all.len()));
    let show = |((own, _), all): ((&str, &str), Vec<(usize, usize)>)| Confusion {
        count: all.len(),
        queries: queries.get(own).copied().unwrap_or(0),
        query: Shown::new(&found.query[all[0].0], thumbnails),
        found: Shown::new(&found.rows()[all[0].1], thumbnails),
    };
    pairs.into_iter().take(PAIRS).map(show).collect()
}
