#![doc = include_str!("../README.md")]

mod domains;
mod error;
mod evaluation;
mod knn;
mod metrics;
mod named;
mod relevance;
mod report;
mod vectors;

pub use domains::Domains;
pub use error::{Error, Result};
pub use evaluation::{Evaluation, IndexScope, Retrieval};
pub use knn::{Exclude, Knn, Neighbour, Neighbours, Similarity};
pub use metrics::{Metric, QueryResult};
pub use named::Named;
pub use relevance::{MultiLabel, Relevance, SingleLabel};
pub use report::{Metrics, Report};
pub use vectors::Vectors;

/// The formulas, each a function of one query's hits.
pub mod formula {
    pub use crate::metrics::average_precision::average_precision;
    pub use crate::metrics::hit_rate::hit_rate;
    pub use crate::metrics::modified_precision::modified_precision;
    pub use crate::metrics::precision::precision;
    pub use crate::metrics::reciprocal_rank::reciprocal_rank;
}
