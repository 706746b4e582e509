#![doc = include_str!("../README.md")]

mod dataset;
mod embeddings;
mod error;
mod files;
mod preprocess;
pub mod store;

pub use dataset::{ClassId, Dataset, Domain, Sample};
pub use embeddings::Embeddings;
pub use error::{Error, Result};
pub use files::write_atomically;
pub use preprocess::{CropMode, Interpolation, PreprocessRecord};
