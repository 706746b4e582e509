//! A convolution without bias and the batch norm behind it.

use crate::{
    Result, Weights,
    blocks::{Linear, activate, depthwise, shifts},
    ops::{Activation, Window},
};
use candle_core::Tensor;

/// timm's `BN_EPS_TF_DEFAULT`.
const EPS: f64 = 1e-3;

/// `y = (conv(x) - mean) gamma / sqrt(var + eps) + beta`. The norm keeps its running statistics, in training too: a frozen
/// backbone's features must not depend on the batch.
pub(super) struct Conv {
    /// `[out, in, k, k]`; `[C, 1, k, k]` for a depthwise one.
    weight: Tensor,
    gamma: Tensor,
    beta: Tensor,
    mean: Tensor,
    var: Tensor,
}

impl Conv {
    /// Reads `{conv}.weight` of `shape` and the batch norm `{norm}.*`.
    pub(super) fn load(w: &Weights, conv: &str, norm: &str, shape: &[usize; 4]) -> Result<Self> {
        let norm = w.at(norm);
        // PyTorch's counter of training steps.
        norm.allow_unused("num_batches_tracked");
        let out = [shape[0]];
        Ok(Self {
            weight: w.at(conv).get("weight", shape)?,
            gamma: norm.get("weight", &out)?,
            beta: norm.get("bias", &out)?,
            mean: norm.get("running_mean", &out)?,
            var: norm.get("running_var", &out)?,
        })
    }

    pub(super) fn weight(&self) -> &Tensor {
        &self.weight
    }

    /// The convolution with the norm folded in: `weight [out, in, k, k]`, `bias [out]`. Folded anew in each forward pass, since
    /// training changes what is folded.
    pub(super) fn folded(&self) -> Result<(Tensor, Tensor)> {
        let scale = (&self.gamma / (&self.var + EPS)?.sqrt()?)?;
        let bias = (&self.beta - (&self.mean * &scale)?)?;
        Ok((self.weight.broadcast_mul(&scale.reshape(((), 1, 1, 1))?)?, bias))
    }

    /// A 1x1 convolution: `x [B, H, W, in]` to `[B, H, W, out]`.
    pub(super) fn product(&self, x: &Tensor, act: Option<Activation>) -> Result<Tensor> {
        let (weight, bias) = self.folded()?;
        let linear = Linear { weight: weight.flatten_from(1)?, bias: Some(bias) };
        ended(linear.forward(x)?, act)
    }

    /// A convolution over few channels, as a product over its patches.
    pub(super) fn patches(&self, x: &Tensor, window: Window, act: Option<Activation>) -> Result<Tensor> {
        let (weight, bias) = self.folded()?;
        let patches = Tensor::cat(&shifts(x, window)?, 3)?;
        let linear = Linear { weight: by_places(&weight)?, bias: Some(bias) };
        ended(linear.forward(&patches)?, act)
    }

    /// A depthwise convolution: `x [B, H, W, C]` to `[B, H', W', C]`.
    pub(super) fn channelwise(&self, x: &Tensor, window: Window, act: Option<Activation>) -> Result<Tensor> {
        let (weight, bias) = self.folded()?;
        ended(depthwise(x, &by_taps(&weight)?, window)?.broadcast_add(&bias)?, act)
    }
}

fn ended(y: Tensor, act: Option<Activation>) -> Result<Tensor> {
    match act {
        Some(act) => activate(&y, act),
        None => Ok(y),
    }
}

/// `[out, in, k, k]` to `[out, k · k · in]`: patches hold all channels of one pixel together.
pub(super) fn by_places(weight: &Tensor) -> Result<Tensor> {
    Ok(weight.permute((0, 2, 3, 1))?.contiguous()?.flatten_from(1)?)
}

/// `[C, 1, k, k]` to `[k · k, C]`, taps by rows.
pub(super) fn by_taps(weight: &Tensor) -> Result<Tensor> {
    Ok(weight.flatten_from(1)?.t()?.contiguous()?)
}
