//! EfficientNet-Lite (timm `tf_efficientnet_lite0`): the demo's backbone.
//!
//! ```text
//! stem 3x3 /2 ─► 7 stages of [1x1 widen, relu6] ─► depthwise kxk, relu6 ─► 1x1 narrow (+ input) ─► 1x1 to 1280, relu6 ─► mean
//! ```
//!
//! An ImageNet CNN: mobile inverted bottlenecks without squeeze-and-excitation. Padding is TensorFlow's SAME (the odd pixel goes
//! behind), batch norms (eps 1e-3) are folded into the convolutions before them: once for the CPU's inference, in each pass
//! otherwise. Images are `[B, H, W, C]` throughout, so that 1x1 convolutions are plain products.

mod conv;
mod fused;
mod graph;
mod tower;

use crate::{Result, Weights, ops::Element, tower::TowerConfig};
use fused::FusedEfficientNet;
use serde::{Deserialize, Serialize};
use tower::Tower;

/// Which EfficientNet-Lite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EfficientNetLiteVariant {
    /// 3.4M parameters without the classifier, 224 pixels in ImageNet training.
    Lite0,
}

/// EfficientNet-Lite by its variant; a variant fixes every number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EfficientNetLiteConfig {
    /// The variant.
    pub variant: EfficientNetLiteVariant,
}

/// A run of equal blocks; the first one has the stride and the change of width.
#[derive(Clone, Copy)]
struct Stage {
    kernel: usize,
    stride: usize,
    /// How much wider the middle of a block is; 1 for a block without the widening.
    expand: usize,
    width: usize,
    blocks: usize,
}

const fn stage(kernel: usize, stride: usize, expand: usize, width: usize, blocks: usize) -> Stage {
    Stage { kernel, stride, expand, width, blocks }
}

/// timm `_gen_efficientnet_lite` at width and depth 1.
const LITE0: [Stage; 7] = [
    stage(3, 1, 1, 16, 1),
    stage(3, 2, 6, 24, 2),
    stage(5, 2, 6, 40, 2),
    stage(3, 2, 6, 80, 3),
    stage(5, 1, 6, 112, 3),
    stage(5, 2, 6, 192, 4),
    stage(3, 1, 6, 320, 1),
];
/// How many blocks the first stages have.
fn blocks_of(stages: usize) -> usize {
    LITE0.iter().take(stages).map(|stage| stage.blocks).sum()
}

/// Width of the stem and of the features.
const STEM: usize = 32;
const HEAD: usize = 1280;

impl TowerConfig for EfficientNetLiteConfig {
    type Tensors = Tower;
    type Packed<E: Element> = FusedEfficientNet<E>;

    fn feature_dim(&self, _: bool) -> usize {
        HEAD
    }

    fn tensors(&self, w: &Weights, _: bool) -> Result<Tower> {
        let EfficientNetLiteVariant::Lite0 = self.variant;
        Tower::load(w, &LITE0)
    }

    fn packed<E: Element>(&self, w: &Weights, proj_layer: bool) -> Result<FusedEfficientNet<E>> {
        FusedEfficientNet::new(&self.tensors(w, proj_layer)?)
    }
}
