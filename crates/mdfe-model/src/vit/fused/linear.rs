//! Packed linear layers and norms as slices.

use crate::{
    Error, Result,
    blocks::{LayerNorm, Linear},
    ops::{self, Activation, AddTo, Element, Level, Packed, SharedMut, Store},
};
use candle_core::{DType, Tensor};

/// The values of a tensor in f32.
pub(crate) fn values(tensor: &Tensor) -> Result<Vec<f32>> {
    Ok(tensor.to_dtype(DType::F32)?.flatten_all()?.to_vec1()?)
}

/// A linear layer, or several with the same input as one.
pub(crate) struct FusedLinear<E> {
    packed: Packed<E>,
    bias: Option<Vec<f32>>,
}

impl<E: Element> FusedLinear<E> {
    /// One layer whose outputs are those of `layers`, in order.
    pub(crate) fn stack(layers: &[&Linear]) -> Result<Self> {
        let (mut weight, mut bias) = (Vec::new(), Vec::new());
        let mut depth = 0;
        for layer in layers {
            let (out, input) = layer.weight.dims2()?;
            depth = input;
            weight.extend(values(&layer.weight)?);
            match &layer.bias {
                Some(b) => bias.extend(values(b)?),
                None => bias.resize(bias.len() + out, 0.0),
            }
        }
        if depth == 0 || !depth.is_multiple_of(E::GROUP) {
            let problem =
                format!("bf16 on the CPU sums pairs, and a layer of {depth} inputs has an odd one; use f32");
            return Err(Error::Invalid(problem));
        }
        let bias = layers.iter().any(|layer| layer.bias.is_some()).then_some(bias);
        Ok(Self { packed: Packed::transposed(Level::detect(), &weight, depth), bias })
    }

    pub(crate) fn new(layer: &Linear) -> Result<Self> {
        Self::stack(&[layer])
    }

    /// N.
    pub(crate) fn outputs(&self) -> usize {
        self.packed.columns()
    }

    /// `out [M, N] = act(x [M, K] · Wᵀ + b)`.
    pub(crate) fn store<O: Element>(&self, x: &[E], act: Option<Activation>, out: &mut [O]) {
        let width = self.outputs();
        let store = Store { out: SharedMut::new(out), width, bias: self.bias.as_deref(), act };
        ops::matmul(x, &self.packed, &store);
    }

    /// `out [M, N] += gamma · (x [M, K] · Wᵀ + b)`.
    pub(crate) fn add_to(&self, x: &[E], gamma: Option<&[f32]>, out: &mut [f32]) {
        let width = self.outputs();
        let add = AddTo { out: SharedMut::new(out), width, bias: self.bias.as_deref(), gamma };
        ops::matmul(x, &self.packed, &add);
    }

    /// The packed weight and the bias, for epilogues of the caller's own.
    pub(crate) fn parts(&self) -> (&Packed<E>, Option<&[f32]>) {
        (&self.packed, self.bias.as_deref())
    }
}

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

    pub(crate) fn write<E: Element>(&self, x: &[f32], out: &mut [E]) {
        ops::layer_norm(x, &self.weight, &self.bias, self.eps, out);
    }

    pub(crate) fn in_place<E: Element>(&self, x: &mut [E]) {
        ops::layer_norm_in_place(x, &self.weight, &self.bias, self.eps);
    }
}
