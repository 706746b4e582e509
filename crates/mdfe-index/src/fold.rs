//! Near duplicates as one hit.

use crate::{Index, Result};
use mdfe_eval::{Neighbour, Neighbours};

/// A hit, and the ids of those that are folded into it.
type Folded = (Neighbour, Vec<u32>);

/// How hits are folded.
pub(crate) struct Folding<'a> {
    pub(crate) index: &'a Index,
    /// The cosine from which two rows are one; nothing is folded without it.
    pub(crate) least: Option<f32>,
    /// Hits wanted for each query.
    pub(crate) k: usize,
}

impl Folding<'_> {
    /// The first `k` hits of each query that are no near duplicates of a better one and that `fits` accepts by their score. `search` finds
    /// as many neighbours as it is asked for; it is asked for more while duplicates take the places of others.
    pub(crate) fn search(
        &self,
        search: impl Fn(usize) -> Result<Neighbours>,
        fits: impl Fn(f32) -> bool,
    ) -> Result<Vec<Vec<Folded>>> {
        let mut wanted = if self.least.is_some() { self.k.saturating_mul(4) } else { self.k };
        loop {
            let found = search(wanted)?;
            let folded: Vec<_> = found.rows().map(|row| self.fold(row, &fits)).collect::<Result<_>>()?;
            let short = |(row, hits): (&[Neighbour], &Vec<Folded>)| {
                // All that was asked for came and still fits: there may be more behind it.
                hits.len() < self.k && row.len() == wanted && row.last().is_some_and(|n| fits(n.score))
            };
            if self.least.is_none() || !found.rows().zip(&folded).any(short) {
                return Ok(folded);
            }
            wanted = wanted.saturating_mul(4).min(self.index.len());
        }
    }

    fn fold(&self, row: &[Neighbour], fits: &impl Fn(f32) -> bool) -> Result<Vec<Folded>> {
        let mut hits: Vec<Folded> = Vec::new();
        let mut vectors: Vec<Vec<f32>> = Vec::new();
        for neighbour in row.iter().take_while(|n| fits(n.score)) {
            if let Some(least) = self.least {
                let own = self.index.vector(neighbour.id)?;
                let same = vectors.iter().position(|other| cosine(other, &own) >= f64::from(least));
                if let Some(at) = same {
                    hits[at].1.push(neighbour.id);
                    continue;
                }
                vectors.push(own);
            }
            if hits.len() == self.k {
                break;
            }
            hits.push((*neighbour, Vec::new()));
        }
        Ok(hits)
    }
}

/// The cosine of two rows; that of a row of zeros is 0.
fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum::<f64>();
    let norms = (dot(a, a) * dot(b, b)).sqrt();
    if norms > 0.0 { dot(a, b) / norms } else { 0.0 }
}
