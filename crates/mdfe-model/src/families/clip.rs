//! CLIP, MetaCLIP and CLIPA as OpenCLIP's `VisionTransformer` names them (`clip`, `meta-clip`, `clipav2`).

use super::VitSize;
use crate::{
    Result, Weights,
    blocks::{Attention, Block, LayerNorm, Linear, Mlp, NormOrder, PatchEmbed, Positions, Qkv, Up},
    ops::Activation,
    vit::{Family, Pool, Trunk},
};
use serde::{Deserialize, Serialize};

/// `torch.nn.LayerNorm`'s default.
const EPS: f64 = 1e-5;

/// An OpenCLIP ViT (open_clip `transformer.py`, `VisionTransformer`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClipConfig {
    /// The transformer's numbers.
    #[serde(flatten)]
    pub size: VitSize,
    /// `quick_gelu` for OpenAI's, MetaCLIP's and DFN's towers, exact GELU for LAION's.
    pub act: Activation,
    /// Where the tower normalises and how it pools. Default [`ClipNorms::Clip`].
    #[serde(default)]
    pub norms: ClipNorms,
    /// Whether the blocks have layer scale (`ls_1.gamma`). Default false.
    #[serde(default)]
    pub layer_scale: bool,
    /// The width of the shared space, behind the output projection.
    pub output_dim: usize,
}

/// The two layouts of OpenCLIP's vision transformers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClipNorms {
    /// A norm before the blocks; the class token, normalised. The default.
    #[default]
    Clip,
    /// CLIPA: no norm before the blocks; the mean of the patches, normalised after pooling. Its fixed sin-cos positions
    /// are stored like learned ones.
    Clipa,
}

impl Family for ClipConfig {
    fn depth(&self) -> usize {
        self.size.depth
    }

    fn feature_dim(&self, proj_layer: bool) -> usize {
        if proj_layer { self.output_dim } else { self.size.width }
    }

    fn trunk(&self, w: &Weights, proj_layer: bool) -> Result<Trunk> {
        let VitSize { width, patch_size, .. } = self.size;
        let head = if proj_layer {
            // OpenCLIP multiplies from the right: `pooled @ proj`, `[D, output]`.
            Some(Linear { weight: w.get("proj", &[width, self.output_dim])?.t()?, bias: None })
        } else {
            w.allow_unused("proj");
            None
        };
        let post = LayerNorm::load(&w.at("ln_post"), width, EPS)?;
        let (norm_pre, pool) = match self.norms {
            ClipNorms::Clip => (Some(LayerNorm::load(&w.at("ln_pre"), width, EPS)?), Pool::Token),
            ClipNorms::Clipa => (None, Pool::Mean),
        };
        Ok(Trunk {
            patch: PatchEmbed::load(&w.at("conv1"), (width, patch_size), false)?,
            positions: Positions {
                prefix: vec![w.get("class_embedding", &[width])?.unsqueeze(0)?],
                embed: Some(w.get("positional_embedding", &[1 + self.size.patches(), width])?),
                embedded_prefix: 1,
                grid: self.size.grid(),
            },
            rotary: None,
            norm_pre,
            norm: None,
            pool,
            // For the class token, the norm of one token after pooling is that of all tokens before it.
            norm_pooled: Some(post),
            head,
        })
    }

    fn block(&self, w: &Weights, i: usize) -> Result<Block> {
        let w = w.at("transformer").at("resblocks").at(i);
        let VitSize { width, heads, mlp_hidden, .. } = self.size;
        let scale = |key: &str| self.layer_scale.then(|| w.get(key, &[width])).transpose();
        let attn = w.at("attn");
        let qkv = Linear {
            weight: attn.get("in_proj_weight", &[3 * width, width])?,
            bias: Some(attn.get("in_proj_bias", &[3 * width])?),
        };
        let proj = Linear::load(&attn.at("out_proj"), width, width)?;
        let fc = Linear::load(&w.at("mlp").at("c_fc"), mlp_hidden, width)?;
        let down = Linear::load(&w.at("mlp").at("c_proj"), width, mlp_hidden)?;
        Ok(Block {
            norm1: LayerNorm::load(&w.at("ln_1"), width, EPS)?,
            attention: Attention { qkv: Qkv::Joint(qkv), norm: None, proj, heads },
            scale1: scale("ls_1.gamma")?,
            norm2: LayerNorm::load(&w.at("ln_2"), width, EPS)?,
            mlp: Mlp { up: Up::Plain { fc, act: self.act }, norm: None, down },
            scale2: scale("ls_2.gamma")?,
            order: NormOrder::Before,
        })
    }
}
