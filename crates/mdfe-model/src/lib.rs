#![doc = include_str!("../README.md")]

mod backbone;
mod blocks;
mod dtype;
mod embedder;
mod error;
pub mod extract;
pub mod families;
mod fused;
pub mod graph;
mod hub;
mod ops;
mod pretrained;
mod projection;
mod share;
mod size;
mod text;
mod tower;
pub mod tune;
mod vit;
mod weights;

pub use backbone::{Backbone, BuildOptions, Purpose};
pub use dtype::Dtype;
pub use embedder::{
    Embedded, Embedder, EmbedderFile, EmbedderMeta, EmbedderParts, ProjectionKind, TextEncoder,
    embedder_path, feature_id,
};
pub use error::{Error, Result};
pub use families::{
    Architecture, ConvNextConfig, ConvNextProjection, EfficientNetLiteConfig, EfficientNetLiteVariant,
    SamConfig,
};
pub use hub::{Fetched, Hub, HubOptions, HubProblem, Progress};
pub use mdfe_simd::Level;
pub use ops::Activation;
pub use pretrained::{
    Family, Filter, LoadOptions, LoadedBackbone, Pretrained, Source, list, load_backbone, pretrained,
    weight_files,
};
pub use projection::{Layer, Projection, normalize, to_unit};
pub use share::HubFolder;
pub use text::{TextCleaning, TextConfig, TextPool, TextProjection, TextTokenizer, TextTower};
pub use weights::{TensorSource, Weights};
