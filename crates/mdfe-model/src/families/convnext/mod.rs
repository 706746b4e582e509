//! ConvNeXt as OpenCLIP's image tower (arXiv 2201.03545; timm `convnext.py` in open_clip `timm_model.py`).
//!
//! ```text
//! pixels ─ 4x4 patches ─ norm ─ stage × 4 ─ mean ─ norm ─ features ─ (linear | MLP)
//! stage:  (norm ─ 2x2 patches) ─ block × depth         block:  x + γ · mlp(norm(depthwise 7x7 (x)))
//! ```
//!
//! Images are `[B, H, W, C]` throughout, so that norms and products see channels last.

mod fused;
mod graph;
mod tower;

use crate::{Result, Weights, ops::Element, tower::TowerConfig};
use fused::FusedConvNext;
use serde::{Deserialize, Serialize};
use tower::Tower;

/// A ConvNeXt tower of OpenCLIP.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConvNextConfig {
    /// Side of the native input in pixels; any other of at least 32 will do.
    pub image_size: usize,
    /// Blocks of each stage.
    pub depths: Vec<usize>,
    /// Channels of each stage.
    pub dims: Vec<usize>,
    /// What the norms of stem and stages add to the variance.
    pub norm_eps: f64,
    /// What the norm of the pooled features adds.
    pub head_norm_eps: f64,
    /// The shape of the model's own output projection.
    pub projection: ConvNextProjection,
    /// The width behind the projection. Default none.
    #[serde(default)]
    pub projected_dim: Option<usize>,
}

/// The output projection of OpenCLIP's `TimmModel`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConvNextProjection {
    /// One matrix without bias.
    Linear,
    /// Two around GELU, the hidden width twice the output's, the second without bias.
    Mlp,
}

impl ConvNextConfig {
    /// The width of the pooled trunk.
    fn width(&self) -> usize {
        self.dims.last().copied().unwrap_or_default()
    }
}

impl TowerConfig for ConvNextConfig {
    type Tensors = Tower;
    type Packed<E: Element> = FusedConvNext<E>;

    fn feature_dim(&self, proj_layer: bool) -> usize {
        self.projected_dim.filter(|_| proj_layer).unwrap_or_else(|| self.width())
    }

    fn tensors(&self, w: &Weights, proj_layer: bool) -> Result<Tower> {
        Tower::load(self, w, proj_layer)
    }

    fn packed<E: Element>(&self, w: &Weights, proj_layer: bool) -> Result<FusedConvNext<E>> {
        FusedConvNext::new(Tower::load(self, w, proj_layer)?)
    }
}
