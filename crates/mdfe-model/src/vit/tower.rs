//! The transformer as tensors.

use super::VitSize;
use crate::{
    Result, Weights,
    blocks::{AttentionPool, Block, LayerNorm, Linear, Mode, PatchEmbed, Positions, Rope},
    graph::{Graph, Value},
    size::Size,
    tower::TensorTower,
};
use candle_core::Tensor;

/// How a family builds the shared transformer from its own keys.
pub(crate) trait TransformerParts {
    /// The transformer's dimensions.
    fn size(&self) -> &VitSize;

    /// The width behind the model's own output projection, where it has one.
    fn projected_dim(&self) -> Option<usize>;

    /// Everything but the blocks. `proj_layer` is whether to read the model's own output projection.
    fn trunk(&self, w: &Weights, proj_layer: bool) -> Result<Trunk>;

    /// Block `i`, from the tower's scope.
    fn block(&self, w: &Weights, i: usize) -> Result<Block>;

    /// The width behind the output projection, where there is one and it is wanted.
    fn projected(&self, proj_layer: bool) -> Option<usize> {
        self.projected_dim().filter(|_| proj_layer)
    }
}

/// How the tokens of an image become one row of features.
pub(crate) enum Pool {
    /// The first token: the class token.
    Token,
    /// The mean of the patches, without prefix tokens.
    Mean,
    /// Attention of a learned query.
    Attention(AttentionPool),
}

/// What comes behind the blocks.
pub(crate) struct Ending {
    /// The norm of all tokens.
    pub(crate) norm: Option<LayerNorm>,
    pub(crate) pool: Pool,
    /// The norm of the pooled row.
    pub(crate) norm_pooled: Option<LayerNorm>,
}

impl Ending {
    /// A model's one final norm, where it belongs.
    pub(crate) fn new(pool: Pool, norm: LayerNorm, norm_after_pool: bool) -> Self {
        // The norm of the class token alone is that of all tokens, seen at the first, and costs nothing.
        let after = norm_after_pool || matches!(pool, Pool::Token);
        let (norm, norm_pooled) = if after { (None, Some(norm)) } else { (Some(norm), None) };
        Self { norm, pool, norm_pooled }
    }
}

/// What rotary positions depend on beside the grid.
#[derive(Clone, Copy)]
pub(crate) struct Rotary {
    /// Width of a head, d.
    pub(crate) head_dim: usize,
    /// The grid that they were trained with.
    pub(crate) reference: Size,
}

impl Rotary {
    /// The angles of a grid of patches behind `prefix` other tokens.
    pub(crate) fn rope(self, grid: Size, prefix: usize) -> Rope {
        Rope::new(grid, self.reference, self.head_dim, prefix)
    }
}

/// Everything of a transformer but its blocks.
pub(crate) struct Trunk {
    pub(crate) patch: PatchEmbed,
    pub(crate) positions: Positions,
    /// None without rotary positions.
    pub(crate) rotary: Option<Rotary>,
    /// CLIP's norm before the blocks.
    pub(crate) norm_pre: Option<LayerNorm>,
    pub(crate) ending: Ending,
    /// The output projection, if it is wanted.
    pub(crate) head: Option<Linear>,
}

/// A whole transformer.
pub(crate) struct Tower {
    pub(super) trunk: Trunk,
    pub(super) blocks: Vec<Block>,
}

impl Tower {
    pub(super) fn load(parts: &impl TransformerParts, w: &Weights, proj_layer: bool) -> Result<Self> {
        let blocks = (0..parts.size().depth).map(|i| parts.block(w, i)).collect::<Result<_>>()?;
        Ok(Self { trunk: parts.trunk(w, proj_layer)?, blocks })
    }
}

impl TensorTower for Tower {
    fn forward(&self, pixels: &Tensor, mode: Mode) -> Result<Tensor> {
        let Trunk { patch, positions, ending, .. } = &self.trunk;
        let grid = patch.grid(pixels)?;
        let prefix = positions.prefix_len();
        let rope = self.trunk.rotary.map(|rotary| rotary.rope(grid, prefix));
        let normed = |norm: &Option<LayerNorm>, x: Tensor| match norm {
            Some(norm) => norm.forward(&x, mode),
            None => Ok(x),
        };
        let mut x = positions.forward(&patch.forward(pixels)?, grid)?;
        x = normed(&self.trunk.norm_pre, x)?;
        for block in &self.blocks {
            x = block.forward(&x, rope.as_ref(), mode)?;
        }
        let x = normed(&ending.norm, x)?;
        let pooled = match &ending.pool {
            Pool::Token => x.narrow(1, 0, 1)?.squeeze(1)?,
            Pool::Mean => x.narrow(1, prefix, x.dim(1)? - prefix)?.mean(1)?,
            Pool::Attention(pool) => pool.forward(&x, mode)?,
        };
        let pooled = normed(&ending.norm_pooled, pooled)?;
        match &self.trunk.head {
            Some(head) => head.forward(&pooled),
            None => Ok(pooled),
        }
    }

    fn emit(&self, graph: &mut Graph) -> Result<Value> {
        self.emit_all(graph)
    }

    fn any_weight(&self) -> &Tensor {
        &self.trunk.patch.linear.weight
    }
}
