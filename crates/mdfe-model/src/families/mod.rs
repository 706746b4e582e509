//! The backbone families: their configurations, their keys, and how they fill the shared parts.
//!
//! | `kind` | config | where |
//! |---|---|---|
//! | `vit`: SigLIP (and 2), DINOv2, timm's exports of CLIP | [`VitConfig`] | `vit.rs`, keys in `timm.rs` |
//! | `vit`: CLIP, MetaCLIP, CLIPA | [`VitConfig`] | `vit.rs`, keys in `open_clip.rs` |
//! | `eva`: EVA, EVA02, EVA-CLIP | [`EvaConfig`] | `eva.rs` |
//! | `convnext`: OpenCLIP's ConvNeXt | [`ConvNextConfig`] | `convnext/` |
//! | `sam`: Segment Anything | [`SamConfig`] | `sam/` |
//! | `efficientnet_lite` | [`EfficientNetLiteConfig`] | `efficientnet_lite/` |
//!
//! A new family is a file here, whose configuration says how its tower is read as tensors and packed, and a line below.

mod convnext;
mod efficientnet_lite;
mod eva;
mod open_clip;
mod sam;
mod timm;
mod vit;

pub use crate::vit::VitSize;
pub use convnext::ConvNextProjection;
pub use efficientnet_lite::EfficientNetLiteVariant;
pub use eva::EvaMlp;
pub(crate) use open_clip::ResBlock;
pub use vit::{KeyNames, PoolKind, VitMlp};

use crate::{
    Backbone, BuildOptions, Result, Weights,
    graph::{Graph, GraphOptions},
    tower::Build,
};
use serde::{Deserialize, Serialize};

/// Makes [`Architecture`] of its kinds, each a line.
macro_rules! architectures {
    ($($(#[$doc:meta])* $kind:ident($module:ident::$config:ident),)*) => {
        $(pub use $module::$config;)*

        /// What a backbone is, as a plain value: a family's configuration. The table of pretrained models stores one for each
        /// tower, in JSON `{"kind": "vit", "keys": "timm", "image_size": 224, ...}`.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "kind", rename_all = "snake_case")]
        #[non_exhaustive]
        pub enum Architecture {
            $($(#[$doc])* $kind($config),)*
        }

        impl Architecture {
            /// How many kinds there are.
            #[cfg(test)]
            pub(crate) const KINDS: usize = [$(stringify!($kind)),*].len();

            fn config(&self) -> &dyn Build {
                match self {
                    $(Self::$kind(config) => config,)*
                }
            }
        }
    };
}

architectures! {
    /// SigLIP, SigLIP 2, DINOv2, CLIP, MetaCLIP and CLIPA.
    Vit(vit::VitConfig),
    /// EVA and EVA02.
    Eva(eva::EvaConfig),
    /// OpenCLIP's ConvNeXt.
    Convnext(convnext::ConvNextConfig),
    /// Segment Anything.
    Sam(sam::SamConfig),
    /// EfficientNet-Lite.
    EfficientnetLite(efficientnet_lite::EfficientNetLiteConfig),
}

impl Architecture {
    /// Builds the backbone from its weights. `model` is the name that errors show.
    ///
    /// # Errors
    /// [`crate::Error::Weights`] lists missing, unexpected and mis-shaped keys; [`crate::Error::Invalid`] names a dtype
    /// that the device does not compute in.
    pub fn build(&self, model: &str, weights: &Weights, options: &BuildOptions) -> Result<Box<dyn Backbone>> {
        self.config().build(model, weights, options)
    }

    /// The backbone as operations, from pixels to features, for other programs to run. `model` is the name that errors show.
    ///
    /// # Errors
    /// [`crate::Error::Weights`] lists missing, unexpected and mis-shaped keys; [`crate::Error::Invalid`] names a size that is too
    /// small.
    pub fn graph(&self, model: &str, weights: &Weights, options: &GraphOptions) -> Result<Graph> {
        self.config().graph(model, weights, options)
    }

    /// The width of the features, D_in, without or with the model's own output projection.
    pub fn feature_dim(&self, proj_layer: bool) -> usize {
        self.config().feature_dim(proj_layer)
    }

    /// The keys that the backbone reads and their shapes, in the order of the keys.
    ///
    /// # Errors
    /// None for architectures that can be built.
    pub fn parameter_shapes(&self, proj_layer: bool) -> Result<Vec<(String, Vec<usize>)>> {
        self.config().shapes(proj_layer)
    }

    /// How many parameters the backbone reads: its size in memory is that many times the dtype's. As in PyTorch, the running
    /// statistics of batch norms are no parameters.
    ///
    /// # Errors
    /// None for architectures that can be built.
    pub fn parameter_count(&self, proj_layer: bool) -> Result<usize> {
        let shapes = self.parameter_shapes(proj_layer)?;
        let parameters = shapes.iter().filter(|(key, _)| !key.contains(".running_"));
        Ok(parameters.map(|(_, shape)| shape.iter().product::<usize>()).sum())
    }
}
