//! From an image to the pixels a backbone was trained on.

#[cfg(target_arch = "x86_64")]
mod avx2;
mod filter;
mod normalize;
mod passes;
mod placement;
mod preprocessor;
mod record;
mod resize;
mod rows;
mod scalar;

pub(crate) use normalize::{Canvas, Normalize};
pub use preprocessor::Preprocessor;
pub use record::{CropMode, Interpolation, PreprocessRecord};
pub(crate) use resize::{Resizer, Target, View};
