//! The keys of timm's `vision_transformer.py`, which SigLIP and DINOv2 share.

use super::VitSize;
use crate::{
    Result, Weights,
    blocks::{Attention, Block, LayerNorm, Linear, Mlp, NormOrder, PatchEmbed, Qkv, Up},
};
use candle_core::Tensor;

/// timm's `LayerNorm` default.
pub(super) const EPS: f64 = 1e-6;

/// `blocks.{i}` around the MLP half `up`; layer scale (`ls1.gamma`, `ls2.gamma`) where `scaled`.
pub(super) fn block(w: &Weights, size: &VitSize, up: Up, scaled: bool) -> Result<Block> {
    let width = size.width;
    let scale = |key: &str| scaled.then(|| w.get(key, &[width])).transpose();
    let attention = Attention {
        qkv: Qkv::Joint(Linear::load(&w.at("attn").at("qkv"), 3 * width, width)?),
        norm: None,
        proj: Linear::load(&w.at("attn").at("proj"), width, width)?,
        heads: size.heads,
    };
    Ok(Block {
        norm1: LayerNorm::load(&w.at("norm1"), width, EPS)?,
        attention,
        scale1: scale("ls1.gamma")?,
        norm2: LayerNorm::load(&w.at("norm2"), width, EPS)?,
        mlp: Mlp { up, norm: None, down: Linear::load(&w.at("mlp").at("fc2"), width, size.mlp_hidden)? },
        scale2: scale("ls2.gamma")?,
        order: NormOrder::Before,
    })
}

/// `patch_embed.proj`.
pub(super) fn patch_embed(w: &Weights, size: &VitSize) -> Result<PatchEmbed> {
    PatchEmbed::load(&w.at("patch_embed").at("proj"), (size.width, size.patch_size), true)
}

/// A parameter `[1, n, D]` as `[n, D]`.
pub(super) fn tokens(w: &Weights, key: &str, n: usize, width: usize) -> Result<Tensor> {
    Ok(w.get(key, &[1, n, width])?.squeeze(0)?)
}
