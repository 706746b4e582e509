#![doc = include_str!("../README.md")]

mod architecture;
mod backbone;
mod blocks;
mod convnext;
mod dual;
mod efficientnet_lite;
mod embedder;
mod error;
pub mod extract;
pub mod families;
mod hub;
mod ops;
mod pretrained;
mod projection;
mod sam;
mod text;
mod vit;
mod weights;

pub use architecture::Architecture;
pub use backbone::{Backbone, BuildOptions, Purpose};
pub use convnext::{ConvNextConfig, ConvNextProjection};
pub use efficientnet_lite::{EfficientNetLiteConfig, EfficientNetLiteVariant};
pub use embedder::{Embedded, Embedder, EmbedderFile, EmbedderMeta, ProjectionKind, TextEncoder};
pub use error::{Error, Result};
pub use hub::{Fetched, Hub, HubOptions, HubProblem, Progress};
pub use ops::{Activation, Level};
pub use pretrained::{
    Family, Filter, LoadOptions, LoadedBackbone, Pretrained, Source, list, load_backbone, pretrained,
    weight_files,
};
pub use projection::{Projection, normalize};
pub use sam::SamConfig;
pub use text::{TextCleaning, TextConfig, TextPool, TextProjection, TextTokenizer, TextTower};
pub use weights::{TensorSource, Weights, weights_hash};
