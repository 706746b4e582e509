//! The keys of timm's `vision_transformer.py`.

use super::{VitConfig, VitMlp};
use crate::{
    Result, Weights,
    blocks::{Attention, Block, LayerNorm, Linear, Mlp, NormOrder, PatchEmbed, Positions, Qkv, Residual, Up},
    vit::{Trunk, VitSize},
};
use candle_core::Tensor;

/// `patch_embed.proj`, `cls_token`, `reg_token`, `pos_embed`, `norm_pre`, `norm` or `fc_norm`, `attn_pool`, `head`.
pub(super) fn trunk(config: &VitConfig, w: &Weights, projected: Option<usize>) -> Result<Trunk> {
    let width = config.size.width;
    let norm = |name: &str| LayerNorm::load(&w.at(name), width, config.norm_eps);
    let mut prefix = Vec::new();
    if config.class_token {
        prefix.push(tokens(w, "cls_token", 1, width)?);
    }
    if config.registers > 0 {
        prefix.push(tokens(w, "reg_token", config.registers, width)?);
    }
    let embedded_prefix = config.embedded_prefix();
    let embed = tokens(w, "pos_embed", embedded_prefix + config.size.patches(), width)?;
    let last = norm(if config.norm_after_pool { "fc_norm" } else { "norm" })?;
    Ok(Trunk {
        patch: patch_embed(w, &config.size, config.patch_bias)?,
        positions: Positions { prefix, embed: Some(embed), embedded_prefix, grid: config.size.grid() },
        rotary: None,
        norm_pre: config.pre_norm.then(|| norm("norm_pre")).transpose()?,
        ending: config.ending(w, last)?,
        head: head(w, projected, width)?,
    })
}

/// The keys of `blocks.{i}`.
pub(super) fn block(config: &VitConfig, w: &Weights) -> Result<Block> {
    let VitSize { width, heads, mlp_dim, .. } = config.size;
    let residual = |norm: &str, scale: &str| -> Result<Residual> {
        Ok(Residual {
            norm: LayerNorm::load(&w.at(norm), width, config.norm_eps)?,
            scale: config.layer_scale.then(|| w.get(scale, &[width])).transpose()?,
        })
    };
    let fc1 = w.at("mlp").at("fc1");
    let up = match config.mlp {
        VitMlp::Gelu => Up::Plain { fc: Linear::load(&fc1, mlp_dim, width)?, act: config.activation },
        VitMlp::Swiglu => Up::GatedJoint { fc: Linear::load(&fc1, 2 * mlp_dim, width)? },
    };
    let attention = Attention {
        qkv: Qkv::Joint(Linear::load(&w.at("attn").at("qkv"), 3 * width, width)?),
        norm: None,
        proj: Linear::load(&w.at("attn").at("proj"), width, width)?,
        heads,
        causal: false,
    };
    Ok(Block {
        attention,
        attention_residual: residual("norm1", "ls1.gamma")?,
        mlp: Mlp { up, norm: None, down: Linear::load(&w.at("mlp").at("fc2"), width, mlp_dim)? },
        mlp_residual: residual("norm2", "ls2.gamma")?,
        order: NormOrder::Before,
    })
}

/// `patch_embed.proj`.
pub(super) fn patch_embed(w: &Weights, size: &VitSize, bias: bool) -> Result<PatchEmbed> {
    PatchEmbed::load(&w.at("patch_embed").at("proj"), size.width, size.patch_size, bias)
}

/// A parameter `[1, n, D]` as `[n, D]`.
pub(super) fn tokens(w: &Weights, key: &str, n: usize, width: usize) -> Result<Tensor> {
    Ok(w.get(key, &[1, n, width])?.squeeze(0)?)
}

/// `head`: the output projection where it is wanted, a classifier or projection to ignore otherwise.
pub(super) fn head(w: &Weights, projected: Option<usize>, width: usize) -> Result<Option<Linear>> {
    let Some(projected) = projected else {
        w.allow_unused("head.");
        return Ok(None);
    };
    Ok(Some(Linear::load(&w.at("head"), projected, width)?))
}
