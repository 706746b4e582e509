//! R-precision.

use super::{QueryResult, precision::precision};

/// Hits among the first R, over R, with R = n_q, the number of rows that are relevant to the query.
///
/// Source: Manning et al., "Introduction to Information Retrieval", 2008, section 8.4.
pub fn r_precision(result: QueryResult<'_>) -> f64 {
    precision(result, result.relevant)
}
