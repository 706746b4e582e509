//! The plain vision transformer of timm and OpenCLIP: SigLIP, DINOv2, CLIP, MetaCLIP, CLIPA.

use super::{open_clip, timm};
use crate::{
    Result, Weights,
    blocks::{AttentionPool, Block, LayerNorm},
    ops::Activation,
    vit::{Ending, Pool, TransformerParts, Trunk, VitSize},
};
use serde::{Deserialize, Serialize};

/// A vision transformer (timm `vision_transformer.py`, open_clip `transformer.py`).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct VitConfig {
    /// Whose keys the weights have.
    pub keys: KeyNames,
    /// The transformer's dimensions.
    #[serde(flatten)]
    pub size: VitSize,
    /// The shape of the MLP.
    pub mlp: VitMlp,
    /// The nonlinearity: exact GELU for the first SigLIP models, DINOv2 and LAION's CLIP, `gelu_tanh` where timm says so,
    /// `quick_gelu` for OpenAI's, MetaCLIP's and DFN's towers.
    pub activation: Activation,
    /// What layer norms add to the variance: 1e-6 in timm's models, 1e-5 in CLIP's.
    pub norm_eps: f64,
    /// Whether a class token comes first.
    pub class_token: bool,
    /// Register tokens after the class token.
    pub registers: usize,
    /// Whether the tokens before the patches have positions too.
    pub class_position: bool,
    /// Whether the patch embedding has a bias.
    pub patch_bias: bool,
    /// Whether a norm comes before the blocks (CLIP).
    pub pre_norm: bool,
    /// Whether branches are scaled by learned factors.
    pub layer_scale: bool,
    /// How the tokens of an image become one row of features.
    pub pool: PoolKind,
    /// Whether the final norm comes after pooling (CLIPA) instead of before.
    pub norm_after_pool: bool,
    /// The width behind the model's own output projection, where it has one. Default none.
    #[serde(default)]
    pub projected_dim: Option<usize>,
}

/// Whose names the keys follow, once wrappers (`visual.`, `trunk.`) are stripped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyNames {
    /// timm: `blocks.0.attn.qkv.weight`.
    Timm,
    /// A timm model inside an OpenCLIP checkpoint; the same once stripped.
    OpenClipTimm,
    /// OpenCLIP: `transformer.resblocks.0.attn.in_proj_weight`.
    OpenClip,
}

/// The shape of an MLP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VitMlp {
    /// Two layers around the activation.
    Gelu,
    /// SwiGLU, gate and value in one matrix: DINOv2 giant.
    Swiglu,
}

/// How the tokens of an image become one row of features.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PoolKind {
    /// The class token.
    Token,
    /// The mean of the patches.
    Avg,
    /// A learned query attends to all tokens, then a residual MLP: SigLIP.
    Map,
}

impl TransformerParts for VitConfig {
    fn size(&self) -> &VitSize {
        &self.size
    }

    fn projected_dim(&self) -> Option<usize> {
        self.projected_dim
    }

    fn trunk(&self, w: &Weights, proj_layer: bool) -> Result<Trunk> {
        let projected = self.projected(proj_layer);
        match self.keys {
            KeyNames::OpenClip => open_clip::trunk(self, w, projected),
            KeyNames::Timm | KeyNames::OpenClipTimm => timm::trunk(self, w, projected),
        }
    }

    fn block(&self, w: &Weights, i: usize) -> Result<Block> {
        match self.keys {
            KeyNames::OpenClip => open_clip::block(self, &w.at("transformer").at("resblocks").at(i)),
            KeyNames::Timm | KeyNames::OpenClipTimm => timm::block(self, &w.at("blocks").at(i)),
        }
    }
}

impl VitConfig {
    /// How many tokens before the patches have positions.
    pub(super) fn embedded_prefix(&self) -> usize {
        if self.class_position { usize::from(self.class_token) + self.registers } else { 0 }
    }

    /// The pooling and the place of the final norm `norm`: before pooling, or after.
    pub(super) fn ending(&self, w: &Weights, norm: LayerNorm) -> Result<Ending> {
        let VitSize { width, heads, mlp_dim, .. } = self.size;
        let pool = match self.pool {
            PoolKind::Token => Pool::Token,
            PoolKind::Avg => Pool::Mean,
            PoolKind::Map => {
                let w = w.at("attn_pool");
                Pool::Attention(AttentionPool::load(&w, width, heads, mlp_dim, self.activation)?)
            }
        };
        Ok(Ending::new(pool, norm, self.norm_after_pool))
    }
}
