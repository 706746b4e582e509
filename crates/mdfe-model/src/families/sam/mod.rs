//! Segment Anything's image encoder (arXiv 2304.02643, after ViTDet, arXiv 2203.16527; timm `vision_transformer_sam.py`).
//!
//! ```text
//! pixels ─ patches ─ + positions ─ block × depth ─ mean over the map ─ features          (─ neck ─ mean with `proj_layer`)
//! block:  x + attention(norm x), within windows or over the whole map;  x + mlp(norm x)
//! attention:  softmax(q kᵀ / sqrt d + q · R_h[rows apart] + q · R_w[columns apart]) v
//! ```
//!
//! The neck, which the segmentation decoder reads, is left out by default, as the method does.

mod fused;
mod graph;
mod relative;
mod tower;
mod windows;

use crate::{Result, Weights, ops::Element, tower::TowerConfig, vit::VitSize};
use fused::FusedSam;
use serde::{Deserialize, Serialize};
use tower::Tower;

/// A SAM image encoder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SamConfig {
    /// The transformer's dimensions.
    #[serde(flatten)]
    pub size: VitSize,
    /// Side of the windows in patches.
    pub window: usize,
    /// The blocks that attend over the whole map.
    pub global_blocks: Vec<usize>,
    /// What the norms of the blocks add to the variance.
    pub norm_eps: f64,
    /// Channels of the neck, which stands for the output projection.
    pub neck_dim: usize,
}

impl SamConfig {
    /// The side of block `i`'s windows; none for those that see the whole map.
    fn window(&self, i: usize) -> Option<usize> {
        (!self.global_blocks.contains(&i)).then_some(self.window)
    }
}

impl TowerConfig for SamConfig {
    type Tensors = Tower;
    type Packed<E: Element> = FusedSam<E>;

    fn feature_dim(&self, proj_layer: bool) -> usize {
        if proj_layer { self.neck_dim } else { self.size.width }
    }

    fn tensors(&self, w: &Weights, proj_layer: bool) -> Result<Tower> {
        Tower::load(self, w, proj_layer)
    }

    fn packed<E: Element>(&self, w: &Weights, proj_layer: bool) -> Result<FusedSam<E>> {
        FusedSam::new(Tower::load(self, w, proj_layer)?)
    }
}
