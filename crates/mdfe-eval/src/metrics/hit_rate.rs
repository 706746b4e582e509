//! R@k, recall at k as metric learning uses the word.

use super::{QueryResult, hits_within};

/// 1 when one of the first k neighbours is relevant, else 0; it is not the share of the relevant rows that were found.
///
/// Source: Song et al., "Deep Metric Learning via Lifted Structured Feature Embedding", CVPR 2016 (arXiv 1511.06452), section 6,
/// after Jégou et al., "Product Quantization for Nearest Neighbor Search", TPAMI 2011.
pub fn hit_rate(result: QueryResult<'_>, k: usize) -> f64 {
    if hits_within(result, k) > 0 { 1.0 } else { 0.0 }
}
