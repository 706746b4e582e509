//! Tensors as bytes.

use candle_core::{Result, Tensor};
use half::f16;

/// The values little-endian, row-major.
pub(crate) fn f32_bytes(tensor: &Tensor) -> Result<Vec<u8>> {
    Ok(tensor.flatten_all()?.to_vec1::<f32>()?.iter().flat_map(|value| value.to_le_bytes()).collect())
}

/// The values rounded to f16.
pub(crate) fn f16_bytes(tensor: &Tensor) -> Result<Vec<u8>> {
    let values = tensor.flatten_all()?.to_vec1::<f32>()?;
    Ok(values.iter().flat_map(|value| f16::from_f32(*value).to_le_bytes()).collect())
}
