#![doc = include_str!("../README.md")]

mod domains;
mod error;
mod evaluation;
mod knn;
mod metrics;
mod named;
mod relevance;
mod report;
mod rows;

pub use domains::Domains;
pub use error::{Error, Result};
pub use evaluation::{Evaluation, IndexScope, Retrieval, Sides};
pub use knn::{
    BinaryBlock, BinaryStream, Block, Exclude, Int8Block, Int8Code, Int8Stream, Knn, KnnStream, Neighbour,
    Neighbours, Similarity, sign_bits,
};
pub use mdfe_simd::Level;
pub use metrics::{Metric, QueryResult, formula};
pub use named::Named;
pub use relevance::{MultiLabel, Relevance, SingleLabel};
pub use report::{Metrics, Report};
pub use rows::Rows;
