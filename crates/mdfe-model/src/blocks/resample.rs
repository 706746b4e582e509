//! Learned positions at another grid, as timm's `resample_abs_pos_embed` makes them: PyTorch's antialiased bicubic.

use crate::{Result, size::Size};
use candle_core::{DType, Device, Tensor};

/// Resamples `positions [h w, D]` from the grid `from` to `[h' w', D]` of the grid `to`, in f32.
pub(crate) fn resample_positions(positions: &Tensor, from: Size, to: Size) -> Result<Tensor> {
    let (dtype, width) = (positions.dtype(), positions.dim(1)?);
    let device = positions.device();
    let rows = weights(from.height, to.height, device)?;
    let columns = weights(from.width, to.width, device)?;
    let x = positions.to_dtype(DType::F32)?.reshape((from.height, from.width * width))?;
    // Columns run along the middle axis, so each row of the grid is a product of its own.
    let x = rows.matmul(&x)?.reshape((to.height, from.width, width))?;
    let columns = columns.unsqueeze(0)?.broadcast_as((to.height, to.width, from.width))?.contiguous()?;
    let x = columns.matmul(&x)?.reshape((to.area(), width))?;
    Ok(x.to_dtype(dtype)?)
}

/// The `[to, from]` matrix of an antialiased bicubic resize with half-pixel centres (PyTorch
/// `upsample_bicubic2d_aa`, which is Pillow's filter: a = -0.5, widened by the scale when shrinking).
fn weights(from: usize, to: usize, device: &Device) -> Result<Tensor> {
    let scale = from as f64 / to as f64;
    let stretch = scale.max(1.0);
    let support = 2.0 * stretch;
    let mut matrix = vec![0f32; to * from];
    for (i, row) in matrix.chunks_exact_mut(from).enumerate() {
        let center = scale * (i as f64 + 0.5);
        let first = (center - support + 0.5).max(0.0) as usize;
        let end = ((center + support + 0.5) as usize).min(from);
        let taps: Vec<f64> = (first..end).map(|j| cubic((j as f64 - center + 0.5) / stretch)).collect();
        let total: f64 = taps.iter().sum();
        for (slot, tap) in row[first..end].iter_mut().zip(taps) {
            *slot = (tap / total) as f32;
        }
    }
    Ok(Tensor::from_vec(matrix, (to, from), device)?)
}

/// Keys' cubic convolution kernel with a = -0.5 (IEEE TASSP 29, 1981, equation 4).
fn cubic(x: f64) -> f64 {
    const A: f64 = -0.5;
    match x.abs() {
        x if x < 1.0 => ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0,
        x if x < 2.0 => ((A * x - 5.0 * A) * x + 8.0 * A) * x - 4.0 * A,
        _ => 0.0,
    }
}
