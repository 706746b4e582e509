//! EVA and EVA02 as timm names them (`eva_*`, `eva02_*`): rotary positions, SwiGLU, sub-LN, keys without bias.

use super::{VitSize, timm};
use crate::{
    Result, Weights,
    blocks::{Attention, Block, LayerNorm, Linear, Mlp, NormOrder, Positions, Qkv, Up},
    ops::Activation,
    vit::{Family, Pool, Trunk},
};
use candle_core::Tensor;
use serde::{Deserialize, Serialize};

/// The grid that EVA02's rotary positions were trained with: 224 / 14.
const REFERENCE_GRID: usize = 16;

/// An EVA tower (arXiv 2303.11331, 2303.15389; timm `eva.py`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvaConfig {
    /// The transformer's numbers.
    #[serde(flatten)]
    pub size: VitSize,
    /// Which parts the blocks have.
    pub variant: EvaVariant,
    /// Whether the class token is the feature (EVA-CLIP); otherwise the mean of the patches is normalised (MIM models).
    pub class_token: bool,
    /// The width of the shared space behind `head`, where the model has one. Default none.
    #[serde(default)]
    pub output_dim: Option<usize>,
}

/// The kinds of EVA blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EvaVariant {
    /// EVA giant: absolute positions, GELU, one qkv matrix (`q_bias`, `v_bias`).
    Eva,
    /// EVA02 enormous: as [`EvaVariant::Eva`], each branch normalised after itself.
    EvaPostNorm,
    /// EVA02 tiny and small: rotary positions, SwiGLU in one matrix, one qkv matrix.
    Eva02Small,
    /// EVA02 base and large: rotary positions, SwiGLU with sub-LN in two matrices, three matrices for q, k and v.
    Eva02,
    /// EVA02-CLIP base and large: as [`EvaVariant::Eva02`], with sub-LN inside attention.
    Eva02Clip,
}

impl EvaConfig {
    fn qkv(&self, w: &Weights) -> Result<Qkv> {
        let width = self.size.width;
        if matches!(self.variant, EvaVariant::Eva02 | EvaVariant::Eva02Clip) {
            return Ok(Qkv::Split {
                q: Linear::load(&w.at("q_proj"), width, width)?,
                k: Linear::without_bias(&w.at("k_proj"), width, width)?,
                v: Linear::load(&w.at("v_proj"), width, width)?,
            });
        }
        // One matrix with a bias for q and v alone: split, so that training does not see a joined copy of the biases.
        let weight = w.get("qkv.weight", &[3 * width, width])?;
        let part = |i: usize, bias: Option<Tensor>| -> Result<Linear> {
            Ok(Linear { weight: weight.narrow(0, i * width, width)?, bias })
        };
        Ok(Qkv::Split {
            q: part(0, Some(w.get("q_bias", &[width])?))?,
            k: part(1, None)?,
            v: part(2, Some(w.get("v_bias", &[width])?))?,
        })
    }

    fn mlp(&self, w: &Weights) -> Result<Mlp> {
        let VitSize { width, mlp_hidden: hidden, .. } = self.size;
        let fc1 = w.at("fc1");
        let (up, normed) = match self.variant {
            EvaVariant::Eva | EvaVariant::EvaPostNorm => {
                (Up::Plain { fc: Linear::load(&fc1, hidden, width)?, act: Activation::Gelu }, false)
            }
            EvaVariant::Eva02Small => (Up::GatedJoint { fc: Linear::load(&fc1, 2 * hidden, width)? }, false),
            EvaVariant::Eva02 | EvaVariant::Eva02Clip => {
                let gate = Linear::load(&w.at("fc1_g"), hidden, width)?;
                (Up::GatedSplit { gate, value: Linear::load(&w.at("fc1_x"), hidden, width)? }, true)
            }
        };
        let norm = normed.then(|| LayerNorm::load(&w.at("norm"), hidden, timm::EPS)).transpose()?;
        Ok(Mlp { up, norm, down: Linear::load(&w.at("fc2"), width, hidden)? })
    }

    fn rotary(&self) -> Option<(usize, usize)> {
        let rotary = !matches!(self.variant, EvaVariant::Eva | EvaVariant::EvaPostNorm);
        rotary.then_some((self.size.width / self.size.heads, REFERENCE_GRID))
    }
}

impl Family for EvaConfig {
    fn depth(&self) -> usize {
        self.size.depth
    }

    fn feature_dim(&self, proj_layer: bool) -> usize {
        match self.output_dim {
            Some(output) if proj_layer => output,
            _ => self.size.width,
        }
    }

    fn trunk(&self, w: &Weights, proj_layer: bool) -> Result<Trunk> {
        let width = self.size.width;
        // Buffers and pretraining heads of older exports.
        for unused in ["rope.", "mask_token", "lm_head."] {
            w.allow_unused(unused);
        }
        let head = match self.output_dim {
            Some(output) if proj_layer => Some(Linear::load(&w.at("head"), output, width)?),
            _ => {
                w.allow_unused("head.");
                None
            }
        };
        let (norm, norm_pooled, pool) = if self.class_token {
            (Some(LayerNorm::load(&w.at("norm"), width, timm::EPS)?), None, Pool::Token)
        } else {
            (None, Some(LayerNorm::load(&w.at("fc_norm"), width, timm::EPS)?), Pool::Mean)
        };
        Ok(Trunk {
            patch: timm::patch_embed(w, &self.size)?,
            positions: Positions {
                prefix: vec![timm::tokens(w, "cls_token", 1, width)?],
                embed: Some(timm::tokens(w, "pos_embed", 1 + self.size.patches(), width)?),
                embedded_prefix: 1,
                grid: self.size.grid(),
            },
            rotary: self.rotary(),
            norm_pre: None,
            norm,
            pool,
            norm_pooled,
            head,
        })
    }

    fn block(&self, w: &Weights, i: usize) -> Result<Block> {
        let w = w.at("blocks").at(i);
        let VitSize { width, heads, .. } = self.size;
        let attn = w.at("attn");
        let sub_norm = self.variant == EvaVariant::Eva02Clip;
        let norm = sub_norm.then(|| LayerNorm::load(&attn.at("norm"), width, timm::EPS)).transpose()?;
        let attention =
            Attention { qkv: self.qkv(&attn)?, norm, proj: Linear::load(&attn.at("proj"), width, width)?, heads };
        let after = self.variant == EvaVariant::EvaPostNorm;
        Ok(Block {
            norm1: LayerNorm::load(&w.at("norm1"), width, timm::EPS)?,
            attention,
            scale1: None,
            norm2: LayerNorm::load(&w.at("norm2"), width, timm::EPS)?,
            mlp: self.mlp(&w.at("mlp"))?,
            scale2: None,
            order: if after { NormOrder::After } else { NormOrder::Before },
        })
    }
}
