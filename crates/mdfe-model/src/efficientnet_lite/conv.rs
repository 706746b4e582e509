//! A convolution with the batch norm behind it folded in.

use crate::{Result, Weights};
use candle_core::Tensor;

/// timm's `BN_EPS_TF_DEFAULT`.
const EPS: f64 = 1e-3;

/// A convolution without dilation: `weight [out, in / groups, k, k]`, `bias [out]`, SAME padding.
pub(super) struct Conv {
    pub(super) weight: Tensor,
    pub(super) bias: Tensor,
    pub(super) kernel: usize,
    pub(super) stride: usize,
    pub(super) groups: usize,
}

/// The numbers of a convolution.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    pub(super) input: usize,
    pub(super) out: usize,
    pub(super) kernel: usize,
    pub(super) stride: usize,
    pub(super) groups: usize,
}

impl Conv {
    /// Reads `{conv}.weight` and the batch norm `{norm}.*`: `y = (conv(x) - mean) gamma / sqrt(var + eps) + beta`.
    pub(super) fn load(w: &Weights, (conv, norm): (&str, &str), shape: Shape) -> Result<Self> {
        let Shape { input, out, kernel, stride, groups } = shape;
        let weight = w.at(conv).get("weight", &[out, input / groups, kernel, kernel])?;
        let norm = w.at(norm);
        let (gamma, beta) = (norm.get("weight", &[out])?, norm.get("bias", &[out])?);
        let (mean, var) = (norm.get("running_mean", &[out])?, norm.get("running_var", &[out])?);
        let scale = (gamma / (var + EPS)?.sqrt()?)?;
        let bias = (beta - (mean * &scale)?)?;
        let weight = weight.broadcast_mul(&scale.reshape((out, 1, 1, 1))?)?;
        Ok(Self { weight, bias, kernel, stride, groups })
    }

    /// `x [B, in, H, W]` to `[B, out, ceil(H / stride), ceil(W / stride)]`.
    pub(super) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let (_, _, h, w) = x.dims4()?;
        let (top, bottom) = same_padding(h, self.kernel, self.stride);
        let (left, right) = same_padding(w, self.kernel, self.stride);
        let x = x.pad_with_zeros(2, top, bottom)?.pad_with_zeros(3, left, right)?;
        let y = x.conv2d(&self.weight, 0, self.stride, 1, self.groups)?;
        Ok(y.broadcast_add(&self.bias.reshape((1, (), 1, 1))?)?)
    }
}

/// TensorFlow's SAME: pixels before and behind an axis, the odd one behind.
pub(super) fn same_padding(size: usize, kernel: usize, stride: usize) -> (usize, usize) {
    let out = size.div_ceil(stride);
    let total = ((out - 1) * stride + kernel).saturating_sub(size);
    (total / 2, total - total / 2)
}

#[cfg(test)]
mod tests {
    use super::same_padding;

    #[test]
    fn the_odd_pixel_of_padding_goes_behind() {
        assert_eq!(same_padding(160, 3, 2), (0, 1));
        assert_eq!(same_padding(161, 3, 2), (1, 1));
        assert_eq!(same_padding(20, 5, 2), (1, 2));
        assert_eq!(same_padding(7, 5, 1), (2, 2));
    }
}
