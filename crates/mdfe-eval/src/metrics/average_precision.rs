//! mAP@k, mean average precision at k.

use super::QueryResult;

/// `1 / min(n_q, k) * sum over j <= k of P_q(j) rel_q(j)`, with `P_q(j)` the precision at rank j.
///
/// Source: Weyand et al., "Google Landmarks Dataset v2", CVPR 2020 (arXiv 2004.01804), equation 1.
pub fn average_precision(result: QueryResult<'_>, k: usize) -> f64 {
    let mut found = 0usize;
    let mut sum = 0.0;
    for (at, &hit) in result.hits.iter().take(k).enumerate() {
        if hit {
            found += 1;
            sum += found as f64 / (at + 1) as f64;
        }
    }
    sum / result.relevant.min(k) as f64
}
