//! EVA and EVA02 as timm names them (`eva_*`, `eva02_*`): rotary positions, SwiGLU, sub-LN, keys without bias.

use super::{PoolKind, timm};
use crate::{
    Error, Result, Weights,
    blocks::{Attention, Block, LayerNorm, Linear, Mlp, NormOrder, Positions, Qkv, Residual, Up},
    ops::Activation,
    size::Size,
    vit::{Ending, Pool, Rotary, TransformerParts, Trunk, VitSize},
};
use candle_core::Tensor;
use serde::{Deserialize, Serialize};

/// An EVA tower (arXiv 2303.11331, 2303.15389; timm `eva.py`).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct EvaConfig {
    /// The transformer's dimensions.
    #[serde(flatten)]
    pub size: VitSize,
    /// The shape of the MLP.
    pub mlp: EvaMlp,
    /// Whether the MLP normalises its hidden values (sub-LN).
    pub mlp_norm: bool,
    /// Whether attention normalises what goes into its output projection (sub-LN).
    pub attn_norm: bool,
    /// Whether q, k and v share one matrix (`qkv.weight`, `q_bias`, `v_bias`) or have one each; k never has a bias.
    pub qkv_fused: bool,
    /// Whether q and v have a bias.
    pub qkv_bias: bool,
    /// Whether each branch is normalised after itself (EVA02 enormous) instead of before.
    pub post_norm: bool,
    /// What layer norms add to the variance.
    pub norm_eps: f64,
    /// The grid that rotary positions were trained with; none without rotary positions.
    pub rotary_reference_grid: Option<[usize; 2]>,
    /// How the tokens of an image become one row of features: the class token (EVA-CLIP) or the mean of the patches.
    pub pool: PoolKind,
    /// Whether the final norm comes after pooling (`fc_norm`) instead of before (`norm`).
    pub norm_after_pool: bool,
    /// The width behind `head`, where the model has one. Default none.
    #[serde(default)]
    pub projected_dim: Option<usize>,
}

/// The shape of an EVA MLP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EvaMlp {
    /// Two layers around exact GELU.
    Gelu,
    /// SwiGLU in two matrices, `fc1_g` and `fc1_x`.
    Swiglu,
    /// SwiGLU in one matrix, gate first.
    SwigluPacked,
}

impl EvaConfig {
    fn qkv(&self, w: &Weights) -> Result<Qkv> {
        let width = self.size.width;
        let bias = |key: &str| self.qkv_bias.then(|| w.get(key, &[width])).transpose();
        if !self.qkv_fused {
            let part = |name: &str| Linear::without_bias(&w.at(name), width, width);
            return Ok(Qkv::Split {
                q: Linear { bias: bias("q_proj.bias")?, ..part("q_proj")? },
                k: part("k_proj")?,
                v: Linear { bias: bias("v_proj.bias")?, ..part("v_proj")? },
            });
        }
        // One matrix with a bias for q and v alone. Its parts are views, so that a variable's updates show in them.
        let weight = w.get("qkv.weight", &[3 * width, width])?;
        let part = |i: usize, bias: Option<Tensor>| -> Result<Linear> {
            Ok(Linear { weight: weight.narrow(0, i * width, width)?, bias })
        };
        Ok(Qkv::Split { q: part(0, bias("q_bias")?)?, k: part(1, None)?, v: part(2, bias("v_bias")?)? })
    }

    fn load_mlp(&self, w: &Weights) -> Result<Mlp> {
        let VitSize { width, mlp_dim, .. } = self.size;
        let up = match self.mlp {
            EvaMlp::Gelu => {
                Up::Plain { fc: Linear::load(&w.at("fc1"), mlp_dim, width)?, act: Activation::Gelu }
            }
            EvaMlp::SwigluPacked => Up::GatedJoint { fc: Linear::load(&w.at("fc1"), 2 * mlp_dim, width)? },
            EvaMlp::Swiglu => Up::GatedSplit {
                gate: Linear::load(&w.at("fc1_g"), mlp_dim, width)?,
                value: Linear::load(&w.at("fc1_x"), mlp_dim, width)?,
            },
        };
        let norm =
            self.mlp_norm.then(|| LayerNorm::load(&w.at("norm"), mlp_dim, self.norm_eps)).transpose()?;
        Ok(Mlp { up, norm, down: Linear::load(&w.at("fc2"), width, mlp_dim)? })
    }
}

impl TransformerParts for EvaConfig {
    fn size(&self) -> &VitSize {
        &self.size
    }

    fn projected_dim(&self) -> Option<usize> {
        self.projected_dim
    }

    fn trunk(&self, w: &Weights, proj_layer: bool) -> Result<Trunk> {
        let VitSize { width, heads, .. } = self.size;
        // Buffers and pretraining heads of older exports.
        for unused in ["rope.", "mask_token", "lm_head."] {
            w.allow_unused(unused);
        }
        let name = if self.norm_after_pool { "fc_norm" } else { "norm" };
        let last = LayerNorm::load(&w.at(name), width, self.norm_eps)?;
        let pool = match self.pool {
            PoolKind::Token => Pool::Token,
            PoolKind::Avg => Pool::Mean,
            PoolKind::Map => {
                return Err(Error::Invalid("EVA towers have no attention pooling; pool is `map`".to_owned()));
            }
        };
        let rotary = |[rows, columns]: [usize; 2]| Rotary {
            head_dim: width / heads,
            reference: Size { height: rows, width: columns },
        };
        Ok(Trunk {
            patch: timm::patch_embed(w, &self.size, true)?,
            positions: Positions {
                prefix: vec![timm::tokens(w, "cls_token", 1, width)?],
                embed: Some(timm::tokens(w, "pos_embed", 1 + self.size.patches(), width)?),
                embedded_prefix: 1,
                grid: self.size.grid(),
            },
            rotary: self.rotary_reference_grid.map(rotary),
            norm_pre: None,
            ending: Ending::new(pool, last, self.norm_after_pool),
            head: timm::head(w, self.projected(proj_layer), width)?,
        })
    }

    fn block(&self, w: &Weights, i: usize) -> Result<Block> {
        let w = w.at("blocks").at(i);
        let VitSize { width, heads, .. } = self.size;
        let load = |w: &Weights| LayerNorm::load(w, width, self.norm_eps);
        let residual =
            |name: &str| -> Result<Residual> { Ok(Residual { norm: load(&w.at(name))?, scale: None }) };
        let attn = w.at("attn");
        let attention = Attention {
            qkv: self.qkv(&attn)?,
            norm: self.attn_norm.then(|| load(&attn.at("norm"))).transpose()?,
            proj: Linear::load(&attn.at("proj"), width, width)?,
            heads,
            causal: false,
        };
        Ok(Block {
            attention,
            attention_residual: residual("norm1")?,
            mlp: self.load_mlp(&w.at("mlp"))?,
            mlp_residual: residual("norm2")?,
            order: if self.post_norm { NormOrder::After } else { NormOrder::Before },
        })
    }
}
