//! MRR@k, mean reciprocal rank.

use super::QueryResult;

/// 1 / rank of the first relevant neighbour, 0 when none of the first k is.
///
/// Source: Voorhees, "The TREC-8 Question Answering Track Report", 1999.
pub fn reciprocal_rank(result: QueryResult<'_>, k: usize) -> f64 {
    result.hits.iter().take(k).position(|&hit| hit).map_or(0.0, |at| 1.0 / (at + 1) as f64)
}
