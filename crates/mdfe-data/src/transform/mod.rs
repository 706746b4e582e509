//! Transforms of training images: deterministic ones and random ones with a generator of their own for every image.

mod color;
mod crop;
mod key;
mod kind;
mod transformer;

pub(crate) use color::gray;
pub use color::{ColorJitter, ColorOp};
pub use crop::{CropBox, CropRange};
pub use key::SampleKey;
pub use kind::TransformKind;
pub use transformer::{Augmentation, Transformer};
