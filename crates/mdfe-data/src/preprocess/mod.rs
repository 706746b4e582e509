//! From a picture to the pixels a backbone was trained on.

mod record;

pub use record::{CropMode, Interpolation, PreprocessRecord};
