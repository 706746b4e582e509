//! From images to features: decoding, preprocessing and the forward pass side by side.

mod losses;
mod options;
mod pipeline;
mod store;

pub use options::{ExtractOptions, ExtractProgress, ExtractStage, Extraction, Part};
pub use pipeline::{Extractor, ImageFile, PipelineOptions, PipelineTimes, RowResult, features_of};
pub use store::{NUMERICS, extract, identify};
