//! From images to features: decoding, preprocessing and the forward pass side by side.

mod pipeline;
mod store;

pub use pipeline::{Extractor, PipelineOptions, PipelineTimes, RowResult, features_of};
pub use store::{ExtractOptions, ExtractProgress, Extraction, extract};
