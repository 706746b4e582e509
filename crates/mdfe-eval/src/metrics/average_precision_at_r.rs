//! mAP@R, mean average precision at R.

use super::{QueryResult, average_precision::average_precision};

/// `1 / R * sum over j <= R of P_q(j) rel_q(j)` with R = n_q, the number of rows that are relevant to the query.
///
/// Source: Musgrave et al., "A Metric Learning Reality Check", ECCV 2020 (arXiv 2003.08505), equation 5.
pub fn average_precision_at_r(result: QueryResult<'_>) -> f64 {
    average_precision(result, result.relevant)
}
