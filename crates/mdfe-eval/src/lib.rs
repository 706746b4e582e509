#![doc = include_str!("../README.md")]

mod bootstrap;
mod domains;
mod error;
mod evaluation;
mod knn;
mod metrics;
mod named;
mod open_set;
mod paired;
mod relevance;
mod report;
mod resample;
mod rows;
mod scores;

pub use bootstrap::{Bootstrap, Interval, Intervals, MetricIntervals};
pub use domains::Domains;
pub use error::{Error, Result};
pub use evaluation::{Evaluation, IndexScope, Retrieval, Sides};
pub use knn::{
    BinaryBlock, BinaryStream, Block, Exclude, Int8Block, Int8Code, Int8Stream, Knn, KnnStream, Neighbour,
    Neighbours, Similarity, sign_bits,
};
pub use mdfe_simd::Level;
pub use metrics::{Depth, Metric, QueryResult, formula};
pub use named::Named;
pub use open_set::MatchThreshold;
pub use paired::{PairedDifference, PairedTest};
pub use relevance::{MultiLabel, Relevance, SingleLabel};
pub use report::{Metrics, Report};
pub use rows::Rows;
pub use scores::{Match, QueryScores, Scores, Scoring};
