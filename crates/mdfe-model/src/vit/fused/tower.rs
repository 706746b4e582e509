//! The whole transformer over slices.

use super::{
    block::FusedBlock,
    linear::{FusedLinear, FusedNorm, values},
    patches::{Images, unfold},
    pool::{FusedAttentionPool, FusedPool},
    scratch::{Pool as ScratchPool, Scratch},
};
use crate::{
    Error, Result, Weights,
    ops::{self, AttentionShape, Element, PatchRows, SharedMut, reserve},
    vit::tower::{Family, Pool, Trunk},
};
use candle_core::{DType, Device, Tensor};

/// A transformer with packed weights that computes products in `E`.
pub(crate) struct FusedTower<E> {
    /// The parts that depend on the input's size are made from it; its large weights are gone.
    trunk: Trunk,
    patch: FusedLinear<E>,
    prefix: Vec<f32>,
    norm_pre: Option<FusedNorm>,
    blocks: Vec<FusedBlock<E>>,
    heads: usize,
    norm: Option<FusedNorm>,
    pool: FusedPool,
    norm_pooled: Option<FusedNorm>,
    head: Option<FusedLinear<f32>>,
    scratch: ScratchPool<E>,
}

impl<E: Element> FusedTower<E> {
    /// Packs a family's weights block by block, so that only one block is ever held twice.
    pub(crate) fn load(family: &dyn Family, w: &Weights, proj_layer: bool) -> Result<Self> {
        let mut blocks = Vec::new();
        let mut heads = 1;
        for i in 0..family.depth() {
            let block = family.block(w, i)?;
            heads = block.attention.heads;
            blocks.push(FusedBlock::new(&block)?);
        }
        let mut trunk = family.trunk(w, proj_layer)?;
        let pool = match std::mem::replace(&mut trunk.pool, Pool::Token) {
            Pool::Token => FusedPool::Token,
            Pool::Mean => FusedPool::Mean,
            Pool::Attention(pool) => FusedPool::Attention(Box::new(FusedAttentionPool::new(&pool)?)),
        };
        let prefix = trunk.positions.prefix_tokens()?;
        Ok(Self {
            patch: FusedLinear::new(&trunk.patch.linear)?,
            prefix: prefix.as_ref().map(values).transpose()?.unwrap_or_default(),
            norm_pre: FusedNorm::maybe(&trunk.norm_pre)?,
            blocks,
            heads,
            norm: FusedNorm::maybe(&trunk.norm)?,
            pool,
            norm_pooled: FusedNorm::maybe(&trunk.norm_pooled)?,
            head: trunk.head.as_ref().map(FusedLinear::new).transpose()?,
            scratch: ScratchPool::new(),
            trunk,
        })
    }

    /// `pixels [B, 3, H, W]` to features `[B, D_in]`, f32 on the CPU.
    pub(crate) fn features(&self, pixels: &Tensor) -> Result<Tensor> {
        let grid = self.trunk.patch.grid(pixels)?;
        let (batch, _, height, width) = pixels.dims4()?;
        if batch == 0 {
            return Err(Error::Invalid("a batch of no images has no features".to_owned()));
        }
        let images = Images { height, width, grid, patch: self.trunk.patch.size };
        let pixels = values(&pixels.to_device(&Device::Cpu)?)?;
        let pos = self.trunk.positions.patches(grid)?.as_ref().map(values).transpose()?;
        let features = self.scratch.with(|scratch| self.run(&pixels, images, pos.as_deref(), scratch));
        let dim = features.len() / batch;
        Ok(Tensor::from_vec(features, (batch, dim), &Device::Cpu)?.to_dtype(DType::F32)?)
    }

    fn run(&self, pixels: &[f32], p: Images, pos: Option<&[f32]>, scratch: &mut Scratch<E>) -> Vec<f32> {
        let width = self.patch.outputs();
        let patches = p.grid.0 * p.grid.1;
        let prefix = self.prefix.len() / width;
        let tokens = prefix + patches;
        let batch = pixels.len() / (3 * p.height * p.width);

        let unfolded = reserve(&mut scratch.wide, batch * patches * 3 * p.patch * p.patch);
        unfold(pixels, p, unfolded);
        let x = reserve(&mut scratch.x, batch * tokens * width);
        for image in x.chunks_exact_mut(tokens * width) {
            image[..self.prefix.len()].copy_from_slice(&self.prefix);
        }
        let (weight, bias) = self.patch.parts();
        ops::matmul(
            unfolded,
            weight,
            &PatchRows { out: SharedMut::new(x), width, prefix, patches, bias, pos },
        );
        if let Some(norm) = &self.norm_pre {
            norm.in_place(x);
        }

        let rope = self.trunk.rope(p.grid);
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
