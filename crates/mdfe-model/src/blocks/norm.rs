//! Layer norm over the last axis.

use super::Mode;
use crate::{Result, Weights};
use candle_core::{D, Tensor};

/// `(x - mean) / sqrt(var + eps) · weight + bias`.
pub(crate) struct LayerNorm {
    pub(crate) weight: Tensor,
    pub(crate) bias: Tensor,
    pub(crate) eps: f64,
}

impl LayerNorm {
    /// Reads `weight [D]` and `bias [D]` of the scope.
    pub(crate) fn load(w: &Weights, width: usize, eps: f64) -> Result<Self> {
        Ok(Self { weight: w.get("weight", &[width])?, bias: w.get("bias", &[width])?, eps })
    }

    /// `x [.., D]` to the same shape.
    pub(crate) fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        if mode == Mode::Inference {
            return Ok(candle_nn::ops::layer_norm(
                &x.contiguous()?,
                &self.weight,
                &self.bias,
                self.eps as f32,
            )?);
        }
        let centered = x.broadcast_sub(&x.mean_keepdim(D::Minus1)?)?;
        let var = centered.sqr()?.mean_keepdim(D::Minus1)?;
        let unit = centered.broadcast_div(&(var + self.eps)?.sqrt()?)?;
        Ok(unit.broadcast_mul(&self.weight)?.broadcast_add(&self.bias)?)
    }
}
