//! NDCG@k, normalised discounted cumulative gain at k.

use super::QueryResult;

/// `DCG / IDCG` with `DCG = sum over j <= k of rel_q(j) / log2(j + 1)` and IDCG the same with all of the first min(n_q, k) relevant.
/// A row is relevant or not, so that the gain 2^rel - 1 is rel.
///
/// Source: Järvelin and Kekäläinen, "Cumulated gain-based evaluation of IR techniques", TOIS 2002, with the discount of Burges et al.,
/// "Learning to Rank using Gradient Descent", ICML 2005; as `sklearn.metrics.ndcg_score` has it.
pub fn ndcg(result: QueryResult<'_>, k: usize) -> f64 {
    let discounted = |rank: usize| 1.0 / ((rank + 2) as f64).log2();
    let gains = result.hits.iter().take(k).enumerate().filter(|(_, hit)| **hit);
    let ideal: f64 = (0..result.relevant.min(k)).map(discounted).sum();
    gains.map(|(rank, _)| discounted(rank)).sum::<f64>() / ideal
}
