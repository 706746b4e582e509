//! Windows over images as sums of shifted images: operations that have a gradient and run on any device. candle's own
//! grouped convolution runs channel by channel. The CPU's inference path is [`crate::ops::Depthwise`].

use super::depthwise_op::DepthwiseOp;
use crate::{Result, ops::Window};
use candle_core::{DType, Tensor};

/// `x [B, H, W, C]` with `kernel [size², C]` (taps by rows) to `[B, H', W', C]`.
pub(crate) fn depthwise(x: &Tensor, kernel: &Tensor, window: Window) -> Result<Tensor> {
    if x.device().is_cpu() && x.dtype() == DType::F32 {
        return Ok(x.contiguous()?.apply_op2(&kernel.contiguous()?, DepthwiseOp { window })?);
    }
    shifted(x, kernel, window)
}

/// [`depthwise`] on any device, as a sum of shifted images.
pub(super) fn shifted(x: &Tensor, kernel: &Tensor, window: Window) -> Result<Tensor> {
    let mut sum: Option<Tensor> = None;
    for (tap, shifted) in shifts(x, window)?.iter().enumerate() {
        let product = shifted.broadcast_mul(&kernel.get(tap)?)?;
        sum = Some(match sum {
            Some(sum) => (sum + product)?,
            None => product,
        });
    }
    Ok(sum.map_or_else(|| x.zeros_like(), Ok)?)
}

/// What each tap of `window` sees of `x [B, H, W, C]`: size² images `[B, H', W', C]`, by rows.
pub(crate) fn shifts(x: &Tensor, window: Window) -> Result<Vec<Tensor>> {
    let (_, height, width, _) = x.dims4()?;
    let padded = pad(&pad(x, 1, height, window)?, 2, width, window)?;
    let tap = |tap: usize| -> Result<Tensor> {
        let rows = every(&padded, 1, tap / window.size, window.outputs(height), window.stride)?;
        every(&rows, 2, tap % window.size, window.outputs(width), window.stride)
    };
    (0..window.taps()).map(tap).collect()
}

/// Pads `axis` of `n` pixels so that the last tap has a whole stride behind its last pixel.
fn pad(x: &Tensor, axis: usize, n: usize, window: Window) -> Result<Tensor> {
    let before = window.before(n);
    let needed = window.size - 1 + window.outputs(n) * window.stride;
    Ok(x.pad_with_zeros(axis, before, needed.saturating_sub(before + n))?)
}

/// `count` places of `axis` from `first` on, `stride` apart. candle has no strided view with a gradient, so the axis is split.
fn every(x: &Tensor, axis: usize, first: usize, count: usize, stride: usize) -> Result<Tensor> {
    let run = x.narrow(axis, first, count * stride)?;
    if stride == 1 {
        return Ok(run);
    }
    let mut split = run.dims().to_vec();
    split[axis] = count;
    split.insert(axis + 1, stride);
    Ok(run.reshape(split)?.narrow(axis + 1, 0, 1)?.squeeze(axis + 1)?)
}
