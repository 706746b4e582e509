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

/// A transformer block; `scale` is layer scale, `[D]`, where the model has it.
pub(crate) struct Block {
    pub(crate) norm1: LayerNorm,
    pub(crate) attention: Attention,
    pub(crate) scale1: Option<Tensor>,
    pub(crate) norm2: LayerNorm,
    pub(crate) mlp: Mlp,
    pub(crate) scale2: Option<Tensor>,
    pub(crate) order: NormOrder,
}

impl Block {
    /// `x [B, T, D]` to the same shape.
    pub(crate) fn forward(&self, x: &Tensor, rope: Option<&Rope>, mode: Mode) -> Result<Tensor> {
        let attend = |x: &Tensor| self.attention.forward(x, rope, mode);
        let x = self.branch(x, (&self.norm1, self.scale1.as_ref()), mode, attend)?;
        self.branch(&x, (&self.norm2, self.scale2.as_ref()), mode, |x| self.mlp.forward(x, mode))
    }

    fn branch(
        &self,
        x: &Tensor,
        (norm, scale): (&LayerNorm, Option<&Tensor>),
        mode: Mode,
        f: impl FnOnce(&Tensor) -> Result<Tensor>,
    ) -> Result<Tensor> {
        let y = match self.order {
            NormOrder::Before => f(&norm.forward(x, mode)?)?,
            NormOrder::After => norm.forward(&f(x)?, mode)?,
        };
        let y = match scale {
            Some(scale) => y.broadcast_mul(scale)?,
            None => y,
        };
        Ok((x + y)?)
    }
}
