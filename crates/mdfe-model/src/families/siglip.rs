//! SigLIP and SigLIP 2 as timm names them (`vit_*_siglip_*`): no class token, attention pooling.

use super::{VitSize, timm};
use crate::{
    Result, Weights,
    blocks::{AttentionPool, Block, LayerNorm, Linear, Positions, Up},
    ops::Activation,
    vit::{Family, Pool, Trunk},
};
use serde::{Deserialize, Serialize};

/// A SigLIP image tower (arXiv 2303.15343, 2502.14786; timm `vision_transformer.py`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiglipConfig {
    /// The transformer's numbers.
    #[serde(flatten)]
    pub size: VitSize,
    /// Exact GELU for the first models, `gelu_tanh` for those that timm marks so.
    pub act: Activation,
    /// How tokens become one vector.
    #[serde(default)]
    pub pool: SiglipPool,
}

/// How a SigLIP tower pools.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SiglipPool {
    /// A learned query attends to all tokens, then a residual MLP. The default.
    #[default]
    Attention,
    /// The mean of all tokens: timm's `_gap_` variants.
    Mean,
}

impl Family for SiglipConfig {
    fn depth(&self) -> usize {
        self.size.depth
    }

    fn feature_dim(&self, _proj_layer: bool) -> usize {
        self.size.width
    }

    fn trunk(&self, w: &Weights, _proj_layer: bool) -> Result<Trunk> {
        let VitSize { width, heads, mlp_hidden, .. } = self.size;
        // A classifier or an OpenCLIP head that was never there for these models may come along in other exports.
        w.allow_unused("head.");
        let pool = match self.pool {
            SiglipPool::Attention => {
                Pool::Attention(AttentionPool::load(&w.at("attn_pool"), (width, heads, mlp_hidden), self.act)?)
            }
            SiglipPool::Mean => Pool::Mean,
        };
        Ok(Trunk {
            patch: timm::patch_embed(w, &self.size)?,
            positions: Positions {
                prefix: Vec::new(),
                embed: Some(timm::tokens(w, "pos_embed", self.size.patches(), width)?),
                embedded_prefix: 0,
                grid: self.size.grid(),
            },
            rotary: None,
            norm_pre: None,
            norm: Some(LayerNorm::load(&w.at("norm"), width, timm::EPS)?),
            pool,
            norm_pooled: None,
            head: None,
        })
    }

    fn block(&self, w: &Weights, i: usize) -> Result<Block> {
        let w = w.at("blocks").at(i);
        let fc = Linear::load(&w.at("mlp").at("fc1"), self.size.mlp_hidden, self.size.width)?;
        timm::block(&w, &self.size, Up::Plain { fc, act: self.act }, false)
    }
}
