//! mAP, mean average precision over the whole ranking.

use super::{QueryResult, average_precision::average_precision};

/// `1 / n_q * sum over all j of P_q(j) rel_q(j)`, the ranking being the whole index.
///
/// Source: Manning et al., "Introduction to Information Retrieval", 2008, section 8.4; without interpolation, as
/// `sklearn.metrics.average_precision_score` has it.
pub fn whole_average_precision(result: QueryResult<'_>) -> f64 {
    average_precision(result, result.relevant.max(result.hits.len()))
}
