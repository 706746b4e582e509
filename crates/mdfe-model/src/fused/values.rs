//! From a tensor to a slice.

use crate::Result;
use candle_core::{DType, Tensor};

/// The values of a tensor in f32.
pub(crate) fn values(tensor: &Tensor) -> Result<Vec<f32>> {
    Ok(tensor.to_dtype(DType::F32)?.flatten_all()?.to_vec1()?)
}
