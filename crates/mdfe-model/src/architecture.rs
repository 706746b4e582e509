//! What a backbone is, as a plain value: the table of pretrained models stores one for each entry.

use crate::{
    Backbone, Result, Weights,
    backbone::BuildOptions,
    convnext::ConvNextConfig,
    dual::{self, DualFamily},
    efficientnet_lite::EfficientNetLiteConfig,
    families::{EvaConfig, VitConfig},
    sam::SamConfig,
    vit::{self, Family},
};
use serde::{Deserialize, Serialize};

/// A family with its numbers. In JSON, `{"kind": "vit", "keys": "timm", "image_size": 224, ...}`: a row of the table's towers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Architecture {
    /// SigLIP, SigLIP 2, DINOv2, CLIP, MetaCLIP and CLIPA.
    Vit(VitConfig),
    /// EVA and EVA02.
    Eva(EvaConfig),
    /// OpenCLIP's ConvNeXt.
    Convnext(ConvNextConfig),
    /// Segment Anything.
    Sam(SamConfig),
    /// EfficientNet-Lite.
    EfficientnetLite(EfficientNetLiteConfig),
}

/// What builds an architecture: the shared transformer, or a tower of its own.
enum Builder<'a> {
    Vit(&'a dyn Family),
    Dual(&'a dyn DualFamily),
}

impl Architecture {
    /// Builds the backbone from its weights. `model` is the name that errors show.
    ///
    /// # Errors
    /// [`crate::Error::Weights`] lists missing, unexpected and mis-shaped keys; [`crate::Error::Invalid`] names a dtype
    /// that the device does not compute in.
    pub fn build(&self, model: &str, weights: &Weights, options: &BuildOptions) -> Result<Box<dyn Backbone>> {
        match self.builder() {
            Builder::Vit(family) => vit::build(family, model, weights, options),
            Builder::Dual(family) => dual::build(family, model, weights, options),
        }
    }

    /// The width of the features, D_in, without or with the model's own output projection.
    pub fn feature_dim(&self, proj_layer: bool) -> usize {
        match self.builder() {
            Builder::Vit(family) => family.feature_dim(proj_layer),
            Builder::Dual(family) => family.feature_dim(proj_layer),
        }
    }

    /// The keys that the backbone reads and their shapes, in the order of the keys.
    ///
    /// # Errors
    /// None for architectures that can be built.
    pub fn parameter_shapes(&self, proj_layer: bool) -> Result<Vec<(String, Vec<usize>)>> {
        match self.builder() {
            Builder::Vit(family) => vit::shapes(family, proj_layer),
            Builder::Dual(family) => dual::shapes(family, proj_layer),
        }
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

    fn builder(&self) -> Builder<'_> {
        match self {
            Self::Vit(config) => Builder::Vit(config),
            Self::Eva(config) => Builder::Vit(config),
            Self::Convnext(config) => Builder::Dual(config),
            Self::Sam(config) => Builder::Dual(config),
            Self::EfficientnetLite(config) => Builder::Dual(config),
        }
    }
}
