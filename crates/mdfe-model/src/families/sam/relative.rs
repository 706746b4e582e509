//! Decomposed relative positions: a learned row for each distance along an axis.

use crate::Result;
use candle_core::{DType, Tensor};

/// The tables of both axes.
pub(super) struct Relative {
    /// `[2 h - 1, d]`: how many rows apart.
    pub(super) rows: Tensor,
    /// `[2 w - 1, d]`: how many columns apart.
    pub(super) columns: Tensor,
}

/// `table [2 n - 1, d]`, learned for another size, at `2 size - 1` distances: PyTorch's linear interpolation with half-pixel
/// centres, as timm's `get_rel_pos`, in f32 before the table's own dtype.
fn resized(table: &Tensor, size: usize) -> Result<Tensor> {
    let (from, to) = (table.dim(0)?, 2 * size - 1);
    if from == to {
        return Ok(table.clone());
    }
    let scale = from as f64 / to as f64;
    let mut matrix = vec![0f32; to * from];
    for (i, row) in matrix.chunks_exact_mut(from).enumerate() {
        let at = (scale * (i as f64 + 0.5) - 0.5).max(0.0);
        let low = (at as usize).min(from - 1);
        let share = (at - low as f64) as f32;
        row[low] += 1.0 - share;
        row[(low + 1).min(from - 1)] += share;
    }
    let matrix = Tensor::from_vec(matrix, (to, from), table.device())?;
    Ok(matrix.matmul(&table.to_dtype(DType::F32)?)?.to_dtype(table.dtype())?)
}

/// The row for every pair of places along an axis, `[size, size, d]`: `[q, k]` has the distance `q - k`.
pub(super) fn pairs(table: &Tensor, size: usize) -> Result<Tensor> {
    let table = resized(table, size)?;
    let distance = |i: usize| (i / size + size - 1 - i % size) as u32;
    let index: Vec<u32> = (0..size * size).map(distance).collect();
    let index = Tensor::from_vec(index, size * size, table.device())?;
    Ok(table.index_select(&index, 0)?.reshape((size, size, ()))?)
}
