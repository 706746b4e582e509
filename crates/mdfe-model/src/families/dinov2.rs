//! DINOv2 as timm names it (`vit_*_dinov2`): layer scale, optional registers, SwiGLU in the giant.

use super::{VitSize, timm};
use crate::{
    Result, Weights,
    blocks::{Block, LayerNorm, Linear, Positions, Up},
    ops::Activation,
    vit::{Family, Pool, Trunk},
};
use serde::{Deserialize, Serialize};

/// A DINOv2 tower (arXiv 2304.07193, registers: 2309.16588; timm `vision_transformer.py`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dinov2Config {
    /// The transformer's numbers.
    #[serde(flatten)]
    pub size: VitSize,
    /// The MLP. Default [`Dinov2Mlp::Gelu`].
    #[serde(default)]
    pub mlp: Dinov2Mlp,
    /// Register tokens after the class token; with registers, positions belong to patches alone. Default 0.
    #[serde(default)]
    pub reg_tokens: usize,
}

/// The MLP of a DINOv2 tower.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dinov2Mlp {
    /// Two layers with exact GELU. The default.
    #[default]
    Gelu,
    /// SwiGLU, gate and value in one matrix: the giant.
    SwiGlu,
}

impl Family for Dinov2Config {
    fn depth(&self) -> usize {
        self.size.depth
    }

    fn feature_dim(&self, _proj_layer: bool) -> usize {
        self.size.width
    }

    fn trunk(&self, w: &Weights, _proj_layer: bool) -> Result<Trunk> {
        let width = self.size.width;
        w.allow_unused("head.");
        let mut prefix = vec![timm::tokens(w, "cls_token", 1, width)?];
        let embedded_prefix = if self.reg_tokens == 0 { 1 } else { 0 };
        if self.reg_tokens > 0 {
            prefix.push(timm::tokens(w, "reg_token", self.reg_tokens, width)?);
        }
        let positions = timm::tokens(w, "pos_embed", embedded_prefix + self.size.patches(), width)?;
        Ok(Trunk {
            patch: timm::patch_embed(w, &self.size)?,
            positions: Positions { prefix, embed: Some(positions), embedded_prefix, grid: self.size.grid() },
            rotary: None,
            norm_pre: None,
            norm: Some(LayerNorm::load(&w.at("norm"), width, timm::EPS)?),
            pool: Pool::Token,
            norm_pooled: None,
            head: None,
        })
    }

    fn block(&self, w: &Weights, i: usize) -> Result<Block> {
        let w = w.at("blocks").at(i);
        let VitSize { width, mlp_hidden, .. } = self.size;
        let fc1 = w.at("mlp").at("fc1");
        let up = match self.mlp {
            Dinov2Mlp::Gelu => Up::Plain { fc: Linear::load(&fc1, mlp_hidden, width)?, act: Activation::Gelu },
            Dinov2Mlp::SwiGlu => Up::GatedJoint { fc: Linear::load(&fc1, 2 * mlp_hidden, width)? },
        };
        timm::block(&w, &self.size, up, true)
    }
}
