#![doc = include_str!("../README.md")]

mod architecture;
mod backbone;
mod blocks;
mod embedder;
mod error;
mod hub;
mod hub;
pub mod families;
mod ops;
mod pretrained;
mod projection;
mod vit;
mod weights;

pub use architecture::Architecture;
pub use backbone::{Backbone, BuildOptions, Purpose};
pub use embedder::{EmbedderFile, EmbedderMeta, ProjectionKind};
pub use error::{Error, Result};
pub use ops::{Activation, Level};
pub use hub::{Fetched, Hub, HubOptions, HubProblem, Progress};
pub use hub::{Fetched, Hub, HubOptions, HubProblem, Progress};
pub use pretrained::{
    Family, Filter, LoadOptions, LoadedBackbone, Pretrained, Source, list, load_backbone, pretrained,
};
pub use projection::{Projection, normalize};
pub use weights::{TensorSource, Weights, weights_hash};
