//! mMP@k, mean modified precision.

use super::{QueryResult, hits_within};

/// `[ sum over j <= min(n_q, k) of rel_q(j) ] / min(n_q, k)`: precision at k, but a query with fewer than k right answers
/// can reach 1, and ranks beyond n_q do not count.
///
/// Source: the score of the Google Universal Image Embedding challenge (mMP@5) and of UnED, Ypsilantis et al., "Towards
/// Universal Image Embeddings", ICCV 2023 (arXiv 2309.01858), section 4.
pub fn modified_precision(result: QueryResult<'_>, k: usize) -> f64 {
    let ranks = result.relevant.min(k);
    hits_within(result, ranks) as f64 / ranks as f64
}
