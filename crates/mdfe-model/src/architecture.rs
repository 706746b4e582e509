//! What a backbone is, as a plain value: the table of pretrained models stores one for each entry.

use crate::{
    Backbone, Result, Weights,
    backbone::BuildOptions,
    families::{EvaConfig, VitConfig},
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
}

impl Architecture {
    /// Builds the backbone from its weights. `model` is the name that errors show.
    ///
    /// # Errors
    /// [`crate::Error::Weights`] lists missing, unexpected and mis-shaped keys; [`crate::Error::Invalid`] names a dtype
    /// that the device does not compute in.
    pub fn build(&self, model: &str, weights: &Weights, options: &BuildOptions) -> Result<Box<dyn Backbone>> {
        vit::build(self.family(), model, weights, options)
    }

    /// The width of the features, D_in, without or with the model's own output projection.
    pub fn feature_dim(&self, proj_layer: bool) -> usize {
        self.family().feature_dim(proj_layer)
    }

    /// How many parameters the backbone reads: its size in memory is that many times the dtype's.
    ///
    /// # Errors
    /// None for architectures that can be built.
    pub fn parameter_count(&self, proj_layer: bool) -> Result<usize> {
        vit::count(self.family(), proj_layer)
    }

    fn family(&self) -> &dyn Family {
        match self {
            Self::Vit(config) => config,
            Self::Eva(config) => config,
        }
    }
}
