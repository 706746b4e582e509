//! `y = x Wᵀ + b`.

use crate::{Result, Weights};
use candle_core::Tensor;

/// A linear layer: `weight [N, K]`, `bias [N]`.
pub(crate) struct Linear {
    pub(crate) weight: Tensor,
    pub(crate) bias: Option<Tensor>,
}

impl Linear {
    /// Reads `weight [out, in]` and `bias [out]` of the scope.
    pub(crate) fn load(w: &Weights, out: usize, input: usize) -> Result<Self> {
        Ok(Self { bias: Some(w.get("bias", &[out])?), ..Self::without_bias(w, out, input)? })
    }

    /// Reads `weight [out, in]` alone.
    pub(crate) fn without_bias(w: &Weights, out: usize, input: usize) -> Result<Self> {
        Ok(Self { weight: w.get("weight", &[out, input])?, bias: None })
    }

    /// `x [.., K]` to `[.., N]`, as one two-dimensional product: batched ones are slower on every device.
    pub(crate) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let (out, input) = self.weight.dims2()?;
        let mut shape = x.dims().to_vec();
        let y = x.reshape(((), input))?.matmul(&self.weight.t()?)?;
        if let Some(last) = shape.last_mut() {
            *last = out;
        }
        let y = match &self.bias {
            Some(bias) => y.broadcast_add(bias)?,
            None => y,
        };
        Ok(y.reshape(shape)?)
    }
}
