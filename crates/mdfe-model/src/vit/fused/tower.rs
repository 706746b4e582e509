//! The whole transformer over slices.

use super::{
    block::FusedBlock,
    patches::{Images, unfold},
    pool::FusedPool,
    scratch::{Scratch, Scratches},
};
use crate::{
    Result, Weights,
    blocks::{PatchEmbed, Positions},
    fused::{FusedLinear, FusedNorm, values},
    ops::{self, AttentionShape, Element, PatchRows, SharedMut, reserve},
    size::Size,
    tower::SliceTower,
    vit::tower::{Rotary, TransformerParts},
};
use candle_core::Tensor;

/// A transformer with packed weights that computes products in `E`.
pub(crate) struct FusedTower<E> {
    /// Says which grid an image has, and holds the kernel that `patch` was packed from.
    patches: PatchEmbed,
    /// What depends on the input's size is made from these.
    positions: Positions,
    rotary: Option<Rotary>,
    patch: FusedLinear<E>,
    prefix: Vec<f32>,
    norm_pre: Option<FusedNorm>,
    blocks: Vec<FusedBlock<E>>,
    heads: usize,
    norm: Option<FusedNorm>,
    pool: FusedPool,
    norm_pooled: Option<FusedNorm>,
    head: Option<FusedLinear<f32>>,
    scratches: Scratches<E>,
}

impl<E: Element> FusedTower<E> {
    /// Packs a family's weights block by block, so that only one block is ever held twice.
    pub(crate) fn load(parts: &impl TransformerParts, w: &Weights, proj_layer: bool) -> Result<Self> {
        let mut blocks = Vec::new();
        let mut heads = 1;
        for i in 0..parts.size().depth {
            let block = parts.block(w, i)?;
            heads = block.attention.heads;
            blocks.push(FusedBlock::new(&block)?);
        }
        let trunk = parts.trunk(w, proj_layer)?;
        let prefix = trunk.positions.prefix_tokens()?;
        Ok(Self {
            patch: FusedLinear::new(&trunk.patch.linear)?,
            prefix: prefix.as_ref().map(values).transpose()?.unwrap_or_default(),
            norm_pre: FusedNorm::maybe(&trunk.norm_pre)?,
            blocks,
            heads,
            norm: FusedNorm::maybe(&trunk.ending.norm)?,
            pool: FusedPool::new(&trunk.ending.pool)?,
            norm_pooled: FusedNorm::maybe(&trunk.ending.norm_pooled)?,
            head: trunk.head.as_ref().map(FusedLinear::new).transpose()?,
            scratches: Scratches::new(),
            patches: trunk.patch,
            positions: trunk.positions,
            rotary: trunk.rotary,
        })
    }

    fn run(&self, pixels: &[f32], p: Images, pos: Option<&[f32]>, scratch: &mut Scratch<E>) -> Vec<f32> {
        let width = self.patch.outputs();
        let patches = p.grid.area();
        let prefix = self.prefix.len() / width;
        let tokens = prefix + patches;
        let batch = pixels.len() / (3 * p.size.area());

        let unfolded = reserve(&mut scratch.hidden.wide, batch * patches * 3 * p.patch * p.patch);
        unfold(pixels, p, unfolded);
        let x = reserve(&mut scratch.x, batch * tokens * width);
        for image in x.chunks_exact_mut(tokens * width) {
            image[..self.prefix.len()].copy_from_slice(&self.prefix);
        }
        let (weight, bias) = self.patch.parts();
        let rows = PatchRows { out: SharedMut::new(x), width, prefix, patches, bias, pos };
        ops::matmul(unfolded, weight, rows);
        if let Some(norm) = &self.norm_pre {
            norm.in_place(x);
        }

        let rope = self.rotary.map(|rotary| rotary.rope(p.grid, prefix));
        let shape = AttentionShape { batch, tokens, heads: self.heads, head_dim: width / self.heads };
        for block in &self.blocks {
            block.forward(shape, rope.as_ref(), scratch);
        }

        let x = reserve(&mut scratch.x, batch * tokens * width);
        if let Some(norm) = &self.norm {
            norm.in_place(x);
        }
        let mut pooled = self.pool.forward(x, tokens, width, prefix);
        if let Some(norm) = &self.norm_pooled {
            norm.in_place(&mut pooled);
        }
        match &self.head {
            None => pooled,
            Some(head) => {
                let mut out = vec![0.0; batch * head.outputs()];
                head.store(&pooled, None, &mut out);
                out
            }
        }
    }
}

impl<E: Element> SliceTower for FusedTower<E> {
    fn features(&self, pixels: &Tensor) -> Result<Vec<f32>> {
        let grid = self.patches.grid(pixels)?;
        let (_, _, height, width) = pixels.dims4()?;
        let images = Images { size: Size { height, width }, grid, patch: self.patches.size };
        let pixels = values(pixels)?;
        let pos = self.positions.patches(grid)?.as_ref().map(values).transpose()?;
        Ok(self.scratches.with(|scratch| self.run(&pixels, images, pos.as_deref(), scratch)))
    }
}
