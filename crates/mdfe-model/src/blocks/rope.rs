//! EVA02's axial rotary positions (timm `RotaryEmbeddingCat`, `in_pixels=False`, interleaved layout).

use crate::{Result, size::Size};
use candle_core::{D, DType, Device, Tensor};

/// Sines and cosines of one grid: pairs `(x0, x1)` of a head become `(x0 cos - x1 sin, x1 cos + x0 sin)`.
pub(crate) struct Rope {
    /// `[P, d]`, each angle's value twice.
    pub(crate) sin: Vec<f32>,
    /// `[P, d]`, each angle's value twice.
    pub(crate) cos: Vec<f32>,
    /// d.
    pub(crate) head_dim: usize,
    /// Tokens before the patches, which have none.
    pub(crate) prefix: usize,
}

impl Rope {
    /// Angles `row · f` in the first half of a head and `column · f` in the second, `f = 10000^(-4 i / d)`, with rows and
    /// columns scaled as if the grid had `reference` of them (EVA's scheme for other input sizes).
    pub(crate) fn new(grid: Size, reference: Size, head_dim: usize, prefix: usize) -> Self {
        let bands = head_dim / 4;
        let band = |i: usize| 1.0 / 10_000f32.powf(i as f32 / bands as f32);
        let place = |i: usize, n: usize, reference: usize| i as f32 / n as f32 * reference as f32;
        let (mut sin, mut cos) = (Vec::new(), Vec::new());
        for row in 0..grid.height {
            for column in 0..grid.width {
                let axes =
                    [place(row, grid.height, reference.height), place(column, grid.width, reference.width)];
                for angle in axes.iter().flat_map(|p| (0..bands).map(move |i| p * band(i))) {
                    sin.extend([angle.sin(); 2]);
                    cos.extend([angle.cos(); 2]);
                }
            }
        }
        Self { sin, cos, head_dim, prefix }
    }

    /// `x [B, heads, T, d]` with rotary positions applied to its patches.
    pub(crate) fn apply_rope(&self, x: &Tensor) -> Result<Tensor> {
        let (b, heads, t, d) = x.dims4()?;
        let patches = t - self.prefix;
        let table = |values: &[f32]| self.table(values, x.device(), x.dtype());
        let moved = x.narrow(2, self.prefix, patches)?.contiguous()?;
        let pairs = moved.reshape((b, heads, patches, d / 2, 2))?;
        let swapped =
            Tensor::cat(&[pairs.narrow(D::Minus1, 1, 1)?.neg()?, pairs.narrow(D::Minus1, 0, 1)?], D::Minus1)?;
        let swapped = swapped.reshape((b, heads, patches, d))?;
        let rotated =
            (moved.broadcast_mul(&table(&self.cos)?)? + swapped.broadcast_mul(&table(&self.sin)?)?)?;
        Ok(Tensor::cat(&[x.narrow(2, 0, self.prefix)?, rotated], 2)?)
    }

    fn table(&self, values: &[f32], device: &Device, dtype: DType) -> Result<Tensor> {
        Ok(Tensor::from_slice(values, ((), self.head_dim), device)?.to_dtype(dtype)?)
    }
}
