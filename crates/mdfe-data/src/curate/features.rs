//! Near duplicates by the features of a backbone.

use crate::{Error, Result};
use rayon::prelude::*;

/// Two rows whose features point the same way.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct FeaturePair {
    /// Position of the row that comes first.
    pub first: usize,
    /// Position of the other.
    pub second: usize,
    /// Cosine between them.
    pub cosine: f32,
}

/// Pairs of rows of `features` `[N, D]` (row-major, unit length) whose cosine is at least `min_cosine`, ordered by
/// position; at most `max_pairs` of them, and whether there are more.
///
/// Compares all pairs: N^2 D / 2 multiplications on all cores, fit for data sets of some ten thousand images.
///
/// # Errors
/// [`Error::Invalid`] where the length of `features` is no multiple of `dim`.
pub fn near_by_features(
    features: &[f32],
    dim: usize,
    min_cosine: f32,
    max_pairs: usize,
) -> Result<(Vec<FeaturePair>, bool)> {
    if dim == 0 || !features.len().is_multiple_of(dim) {
        return Err(Error::Invalid(format!("{} values are no rows of {dim} features each", features.len())));
    }
    let rows: Vec<&[f32]> = features.chunks_exact(dim).collect();
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f32>();
    let mut pairs = Vec::new();
    // In blocks of rows, so that a threshold that is too low stops at the limit instead of filling the memory.
    for block in (0..rows.len()).collect::<Vec<_>>().chunks(256) {
        let found: Vec<Vec<FeaturePair>> = block
            .par_iter()
            .map(|&i| {
                let later = rows.iter().enumerate().skip(i + 1);
                let pair = |(j, row): (usize, &&[f32])| FeaturePair {
                    first: i,
                    second: j,
                    cosine: dot(rows[i], row),
                };
                let near = later.map(pair).filter(|pair| pair.cosine >= min_cosine);
                near.take(max_pairs.saturating_add(1)).collect()
            })
            .collect();
        for pair in found.into_iter().flatten() {
            if pairs.len() == max_pairs {
                return Ok((pairs, true));
            }
            pairs.push(pair);
        }
    }
    Ok((pairs, false))
}
