//! The keys of OpenCLIP's `VisionTransformer` (open_clip `transformer.py`).

use super::VitConfig;
use crate::{
    Activation, Result, Weights,
    blocks::{Attention, Block, LayerNorm, Linear, Mlp, NormOrder, PatchEmbed, Positions, Qkv, Residual, Up},
    vit::{Trunk, VitSize},
};

/// `conv1`, `class_embedding`, `positional_embedding` (CLIPA's fixed sin-cos ones are stored like learned ones), `ln_pre`,
/// `ln_post`, `proj`.
pub(super) fn trunk(config: &VitConfig, w: &Weights, projected: Option<usize>) -> Result<Trunk> {
    let VitSize { width, patch_size, .. } = config.size;
    let norm = |name: &str| LayerNorm::load(&w.at(name), width, config.norm_eps);
    let head = match projected {
        // OpenCLIP multiplies from the right: `pooled @ proj`, `[D, output]`.
        Some(projected) => Some(Linear { weight: w.get("proj", &[width, projected])?.t()?, bias: None }),
        None => {
            w.allow_unused("proj");
            None
        }
    };
    Ok(Trunk {
        patch: PatchEmbed::load(&w.at("conv1"), width, patch_size, config.patch_bias)?,
        positions: Positions {
            prefix: vec![w.get("class_embedding", &[width])?.unsqueeze(0)?],
            embed: Some(w.get("positional_embedding", &[1 + config.size.patches(), width])?),
            embedded_prefix: 1,
            grid: config.size.grid(),
        },
        rotary: None,
        norm_pre: config.pre_norm.then(|| norm("ln_pre")).transpose()?,
        ending: config.ending(w, norm("ln_post")?)?,
        head,
    })
}

/// The keys of `transformer.resblocks.{i}` of an image tower.
pub(super) fn block(config: &VitConfig, w: &Weights) -> Result<Block> {
    let VitSize { width, heads, mlp_dim, .. } = config.size;
    let scale = |key: &str| config.layer_scale.then(|| w.get(key, &[width])).transpose();
    let shape = ResBlock {
        width,
        heads,
        mlp_dim,
        activation: config.activation,
        norm_eps: config.norm_eps,
        causal: false,
    };
    let mut block = shape.load(w)?;
    block.attention_residual.scale = scale("ls_1.gamma")?;
    block.mlp_residual.scale = scale("ls_2.gamma")?;
    Ok(block)
}

/// The dimensions of OpenCLIP's `ResidualAttentionBlock`, of image and text towers.
pub(crate) struct ResBlock {
    pub(crate) width: usize,
    pub(crate) heads: usize,
    pub(crate) mlp_dim: usize,
    pub(crate) activation: Activation,
    pub(crate) norm_eps: f64,
    /// Whether a token sees only itself and those before it.
    pub(crate) causal: bool,
}

impl ResBlock {
    /// Reads `ln_1`, `attn`, `ln_2` and `mlp` of the scope; without layer scale.
    pub(crate) fn load(&self, w: &Weights) -> Result<Block> {
        let Self { width, heads, mlp_dim, activation: act, norm_eps, causal } = *self;
        let attn = w.at("attn");
        let qkv = Linear {
            weight: attn.get("in_proj_weight", &[3 * width, width])?,
            bias: Some(attn.get("in_proj_bias", &[3 * width])?),
        };
        let proj = Linear::load(&attn.at("out_proj"), width, width)?;
        let fc = Linear::load(&w.at("mlp").at("c_fc"), mlp_dim, width)?;
        let down = Linear::load(&w.at("mlp").at("c_proj"), width, mlp_dim)?;
        let residual = |name: &str| -> Result<Residual> {
            Ok(Residual { norm: LayerNorm::load(&w.at(name), width, norm_eps)?, scale: None })
        };
        Ok(Block {
            attention: Attention { qkv: Qkv::Joint(qkv), norm: None, proj, heads, causal },
            attention_residual: residual("ln_1")?,
            mlp: Mlp { up: Up::Plain { fc, act }, norm: None, down },
            mlp_residual: residual("ln_2")?,
            order: NormOrder::Before,
        })
    }
}
