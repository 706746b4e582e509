//! The transformer as tensors.

use crate::{
    Result, Weights,
    blocks::{AttentionPool, Block, LayerNorm, Linear, Mode, PatchEmbed, Positions, Rope},
};
use candle_core::Tensor;

/// How a family builds the shared transformer from its own keys.
pub(crate) trait Family {
    /// The number of blocks.
    fn depth(&self) -> usize;

    /// Everything but the blocks. `proj_layer` is whether to read the model's own output projection.
    fn trunk(&self, w: &Weights, proj_layer: bool) -> Result<Trunk>;

    /// Block `i`, from the tower's scope.
    fn block(&self, w: &Weights, i: usize) -> Result<Block>;

    /// The width of the features.
    fn feature_dim(&self, proj_layer: bool) -> usize;
}

/// How tokens become one vector.
pub(crate) enum Pool {
    /// The first token: the class token.
    Token,
    /// The mean of the patches, without prefix tokens.
    Mean,
    /// Attention of a learned query.
    Attention(AttentionPool),
}

/// Everything of a transformer but its blocks.
pub(crate) struct Trunk {
    pub(crate) patch: PatchEmbed,
    pub(crate) positions: Positions,
    /// Width of a head and the grid that rotary positions were trained with; none without rotary positions.
    pub(crate) rotary: Option<(usize, [usize; 2])>,
    /// CLIP's norm before the blocks.
    pub(crate) norm_pre: Option<LayerNorm>,
    /// The norm of all tokens after the blocks.
    pub(crate) norm: Option<LayerNorm>,
    pub(crate) pool: Pool,
    /// The norm of the pooled vector.
    pub(crate) norm_pooled: Option<LayerNorm>,
    /// The output projection, if it is wanted.
    pub(crate) head: Option<Linear>,
}

impl Trunk {
    /// The rotary positions of a grid of patches, if the model has any.
    pub(crate) fn rope(&self, grid: (usize, usize)) -> Option<Rope> {
        let (head_dim, reference) = self.rotary?;
        Some(Rope::new(grid, reference, head_dim, self.positions.prefix_len()))
    }
}

/// A whole transformer.
pub(crate) struct Tower {
    trunk: Trunk,
    blocks: Vec<Block>,
}

impl Tower {
    pub(crate) fn load(family: &dyn Family, w: &Weights, proj_layer: bool) -> Result<Self> {
        let blocks = (0..family.depth()).map(|i| family.block(w, i)).collect::<Result<_>>()?;
        Ok(Self { trunk: family.trunk(w, proj_layer)?, blocks })
    }

    /// `pixels [B, 3, H, W]` to `[B, D_in]`, in the weights' dtype.
    pub(crate) fn forward(&self, pixels: &Tensor, mode: Mode) -> Result<Tensor> {
        let trunk = &self.trunk;
        let weight = &trunk.patch.linear.weight;
        let pixels = pixels.to_device(weight.device())?.to_dtype(weight.dtype())?;
        let grid = trunk.patch.grid(&pixels)?;
        let rope = trunk.rope(grid);
        let normed = |norm: &Option<LayerNorm>, x: Tensor| match norm {
            Some(norm) => norm.forward(&x, mode),
            None => Ok(x),
        };
        let mut x = trunk.positions.forward(&trunk.patch.forward(&pixels)?, grid)?;
        x = normed(&trunk.norm_pre, x)?;
        for block in &self.blocks {
            x = block.forward(&x, rope.as_ref(), mode)?;
        }
        let x = normed(&trunk.norm, x)?;
        let prefix = trunk.positions.prefix_len();
        let pooled = match &trunk.pool {
            Pool::Token => x.narrow(1, 0, 1)?.squeeze(1)?,
            Pool::Mean => x.narrow(1, prefix, x.dim(1)? - prefix)?.mean(1)?,
            Pool::Attention(pool) => pool.forward(&x, mode)?,
        };
        let pooled = normed(&trunk.norm_pooled, pooled)?;
        match &trunk.head {
            Some(head) => head.forward(&pooled),
            None => Ok(pooled),
        }
    }
}
