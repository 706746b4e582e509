//! Layer norm over slices.

use super::values;
use crate::{
    Result,
    blocks::LayerNorm,
    ops::{Norm, Number},
};
use mdfe_simd::Level;

/// A layer norm.
pub(crate) struct FusedNorm {
    weight: Vec<f32>,
    bias: Vec<f32>,
    eps: f32,
}

impl FusedNorm {
    pub(crate) fn new(norm: &LayerNorm) -> Result<Self> {
        Ok(Self { weight: values(&norm.weight)?, bias: values(&norm.bias)?, eps: norm.eps as f32 })
    }

    pub(crate) fn maybe(norm: &Option<LayerNorm>) -> Result<Option<Self>> {
        norm.as_ref().map(Self::new).transpose()
    }

    /// Rows of `x [M, D]` to `out [M, D]`.
    pub(crate) fn write<E: Number>(&self, x: &[f32], out: &mut [E]) {
        self.rows().write(Level::current(), x, out);
    }

    /// The same in place.
    pub(crate) fn in_place<E: Number>(&self, x: &mut [E]) {
        self.rows().in_place(Level::current(), x);
    }

    fn rows(&self) -> Norm<'_> {
        Norm { weight: &self.weight, bias: &self.bias, eps: self.eps }
    }
}
