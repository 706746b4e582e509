#![doc = include_str!("../README.md")]

mod dataset;
mod error;
mod preprocess;

pub use dataset::{ClassId, Dataset, Domain, Sample};
pub use error::{Error, Result};
pub use preprocess::{CropMode, Interpolation, PreprocessRecord};
