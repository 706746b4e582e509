//! One block: attention and MLP, each a residual branch.

use super::{Attention, LayerNorm, Mlp, Mode, Rope};
use crate::Result;
use candle_core::Tensor;

/// Where a branch is normalised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NormOrder {
    /// `x + f(norm(x))`.
    Before,
    /// `x + norm(f(x))`: EVA02 enormous.
    After,
}

/// A transformer block.
pub(crate) struct Block {
    pub(crate) attention: Attention,
    pub(crate) attention_residual: Residual,
    pub(crate) mlp: Mlp,
    pub(crate) mlp_residual: Residual,
    pub(crate) order: NormOrder,
}

/// What a branch has at its ends.
pub(crate) struct Residual {
    pub(crate) norm: LayerNorm,
    /// Layer scale, `[D]`, where the model has it.
    pub(crate) scale: Option<Tensor>,
}

impl Block {
    /// `x [B, T, D]` to the same shape.
    pub(crate) fn forward(&self, x: &Tensor, rope: Option<&Rope>, mode: Mode) -> Result<Tensor> {
        let attend = |x: &Tensor| self.attention.forward(x, rope, mode);
        let x = self.attention_residual.around(x, self.order, mode, attend)?;
        self.mlp_residual.around(&x, self.order, mode, |x| self.mlp.forward(x, mode))
    }
}

impl Residual {
    /// `x [B, T, D]` with the branch `f` added.
    fn around(
        &self,
        x: &Tensor,
        order: NormOrder,
        mode: Mode,
        f: impl FnOnce(&Tensor) -> Result<Tensor>,
    ) -> Result<Tensor> {
        let y = match order {
            NormOrder::Before => f(&self.norm.forward(x, mode)?)?,
            NormOrder::After => self.norm.forward(&f(x)?, mode)?,
        };
        let y = match &self.scale {
            Some(scale) => y.broadcast_mul(scale)?,
            None => y,
        };
        Ok((x + y)?)
    }
}
