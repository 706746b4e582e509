//! The MLP of a block over slices.

use super::{FusedLinear, FusedNorm};
use crate::{
    Result,
    blocks::{Mlp, Up},
    ops::{self, Activation, Element, Number, reserve},
};
use mdfe_simd::Level;
use rayon::prelude::*;

/// `down(norm(up(x)))` with packed weights.
pub(crate) struct FusedMlp<E> {
    up: FusedLinear<E>,
    /// The activation of a plain MLP; none for SwiGLU, whose two halves `up` gives at once.
    act: Option<Activation>,
    norm: Option<FusedNorm>,
    /// The narrowing half, which the caller applies to [`FusedMlp::hidden`]: it knows where the result goes.
    pub(crate) down: FusedLinear<E>,
}

/// Memory for what lies inside an MLP.
#[derive(Default)]
pub(crate) struct Hidden<E> {
    /// `[M, H]` or, of SwiGLU, `[M, 2 H]`.
    pub(crate) wide: Vec<E>,
    /// `[M, H]`: SwiGLU's product.
    gated: Vec<E>,
}

impl<E: Element> FusedMlp<E> {
    pub(crate) fn new(mlp: &Mlp) -> Result<Self> {
        let (up, act) = match &mlp.up {
            Up::Plain { fc, act } => (FusedLinear::new(fc)?, Some(*act)),
            Up::GatedJoint { fc } => (FusedLinear::new(fc)?, None),
            Up::GatedSplit { gate, value } => (FusedLinear::stack(&[gate, value])?, None),
        };
        Ok(Self { up, act, norm: FusedNorm::maybe(&mlp.norm)?, down: FusedLinear::new(&mlp.down)? })
    }

    /// `x [M, D]` to what `down` takes, `[M, H]`.
    pub(crate) fn hidden<'a>(&self, x: &[E], memory: &'a mut Hidden<E>) -> &'a [E] {
        let outputs = self.up.outputs();
        let rows = x.len() / self.up.inputs();
        let wide = reserve(&mut memory.wide, rows * outputs);
        self.up.store(x, self.act, wide);
        let hidden = if self.act.is_some() {
            wide
        } else {
            let gated = reserve(&mut memory.gated, rows * outputs / 2);
            gate(wide, outputs / 2, gated);
            gated
        };
        if let Some(norm) = &self.norm {
            norm.in_place(hidden);
        }
        hidden
    }
}

/// SwiGLU's product: `out [M, H] = silu(a) · b` of rows `[a, b]` of `both [M, 2 H]`.
fn gate<E: Number>(both: &[E], half: usize, out: &mut [E]) {
    let level = Level::current();
    out.par_chunks_mut(half).zip(both.par_chunks(2 * half)).for_each(|(out, both)| {
        level.vectorize(|| {
            let (a, b) = both.split_at(half);
            for ((out, a), b) in out.iter_mut().zip(a).zip(b) {
                *out = E::from_f32(ops::silu(a.to_f32()) * b.to_f32());
            }
        });
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blocks::{LayerNorm, Linear, Mode};
    use candle_core::{Device, Tensor};

    fn tensor(seed: u32, shape: &[usize]) -> Tensor {
        let value = |i: usize| ((i as u32 * 37 + seed * 17) % 101) as f32 / 100.0 - 0.5;
        let values: Vec<f32> = (0..shape.iter().product()).map(value).collect();
        Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
    }

    fn linear(seed: u32, out: usize, input: usize) -> Linear {
        Linear { weight: tensor(seed, &[out, input]), bias: Some(tensor(seed + 1, &[out])) }
    }

    #[test]
    fn every_kind_equals_its_tensors() {
        let (d, h) = (6, 10);
        let norm = || LayerNorm { weight: tensor(20, &[h]), bias: tensor(21, &[h]), eps: 1e-6 };
        let x = tensor(30, &[3, d]);
        for up in [
            Up::Plain { fc: linear(1, h, d), act: Activation::Gelu },
            Up::GatedJoint { fc: linear(3, 2 * h, d) },
            Up::GatedSplit { gate: linear(5, h, d), value: linear(7, h, d) },
        ] {
            let mlp = Mlp { up, norm: Some(norm()), down: linear(9, d, h) };
            let expected = super::super::values(&mlp.forward(&x, Mode::Training).unwrap()).unwrap();
            let fused = FusedMlp::<f32>::new(&mlp).unwrap();
            let (mut memory, mut out) = (Hidden::default(), vec![0.0; 3 * d]);
            let hidden = fused.hidden(&super::super::values(&x).unwrap(), &mut memory);
            fused.down.store(hidden, None, &mut out);
            for (a, b) in expected.iter().zip(&out) {
                // Two products over at most ten values of order 1.
                assert!((a - b).abs() < 5e-6, "{expected:?} {out:?}");
            }
        }
    }
}
