//! P@k, precision at k.

use super::{QueryResult, hits_within};

/// `[ sum over j <= k of rel_q(j) ] / k`. Divided by k also where fewer rows were found or are relevant, so a query with fewer
/// than k right answers can't reach 1.
///
/// Source: Manning et al., "Introduction to Information Retrieval", 2008, section 8.4.
pub fn precision(result: QueryResult<'_>, k: usize) -> f64 {
    hits_within(result, k) as f64 / k as f64
}
