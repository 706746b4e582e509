//! Packed linear layers.

use super::values;
use crate::{
    Error, Result,
    blocks::Linear,
    ops::{self, Activation, AddTo, Element, Number, Packed, SharedMut, Store},
};
use mdfe_simd::Level;

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
        Ok(Self { packed: Packed::transposed(Level::current(), &weight, depth), bias })
    }

    pub(crate) fn new(layer: &Linear) -> Result<Self> {
        Self::stack(&[layer])
    }

    /// K.
    pub(crate) fn inputs(&self) -> usize {
        self.packed.depth()
    }

    /// N.
    pub(crate) fn outputs(&self) -> usize {
        self.packed.columns()
    }

    /// `out [M, N] = act(x [M, K] · Wᵀ + b)`.
    pub(crate) fn store<O: Number>(&self, x: &[E], act: Option<Activation>, out: &mut [O]) {
        let width = self.outputs();
        let store = Store { out: SharedMut::new(out), width, bias: self.bias.as_deref(), act };
        ops::matmul(x, &self.packed, store);
    }

    /// `out [M, N] += gamma · (x [M, K] · Wᵀ + b)`.
    pub(crate) fn add_to(&self, x: &[E], gamma: Option<&[f32]>, out: &mut [f32]) {
        let width = self.outputs();
        let add = AddTo { out: SharedMut::new(out), width, bias: self.bias.as_deref(), gamma };
        ops::matmul(x, &self.packed, add);
    }

    /// The packed weight and the bias, for epilogues of the caller's own.
    pub(crate) fn parts(&self) -> (&Packed<E>, Option<&[f32]>) {
        (&self.packed, self.bias.as_deref())
    }
}
