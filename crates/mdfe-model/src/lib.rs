#![doc = include_str!("../README.md")]

mod backbone;
mod embedder;
mod error;
mod pretrained;
mod projection;
mod weights;

pub use backbone::Backbone;
pub use embedder::{EmbedderFile, EmbedderMeta, ProjectionKind};
pub use error::{Error, Result};
pub use pretrained::{Family, Filter, Pretrained, Source, list, pretrained};
pub use projection::{Projection, normalize};
pub use weights::{TensorSource, Weights, weights_hash};
