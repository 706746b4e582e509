//! One block over slices.

use super::scratch::Scratch;
use crate::{
    Result,
    blocks::{Block, NormOrder, Qkv, Residual, Rope},
    fused::{FusedLinear, FusedMlp, FusedNorm, values},
    ops::{self, AttentionShape, Element, Number, reserve},
};
use mdfe_simd::Level;
use rayon::prelude::*;

/// A transformer block with packed weights.
pub(super) struct FusedBlock<E> {
    qkv: FusedLinear<E>,
    attention_norm: Option<FusedNorm>,
    proj: FusedLinear<E>,
    attention_residual: FusedResidual,
    mlp: FusedMlp<E>,
    mlp_residual: FusedResidual,
}

/// How a branch leaves the residual stream and comes back to it.
struct FusedResidual {
    order: NormOrder,
    norm: FusedNorm,
    gamma: Option<Vec<f32>>,
}

impl<E: Element> FusedBlock<E> {
    pub(super) fn new(block: &Block) -> Result<Self> {
        let attention = &block.attention;
        let qkv = match &attention.qkv {
            Qkv::Joint(linear) => FusedLinear::new(linear)?,
            Qkv::Split { q, k, v } => FusedLinear::stack(&[q, k, v])?,
        };
        Ok(Self {
            qkv,
            attention_norm: FusedNorm::maybe(&attention.norm)?,
            proj: FusedLinear::new(&attention.proj)?,
            attention_residual: FusedResidual::new(&block.attention_residual, block.order)?,
            mlp: FusedMlp::new(&block.mlp)?,
            mlp_residual: FusedResidual::new(&block.mlp_residual, block.order)?,
        })
    }

    /// Runs the block on the residual stream `scratch.x [B, T, D]`.
    pub(super) fn forward(&self, shape: AttentionShape, rope: Option<&Rope>, scratch: &mut Scratch<E>) {
        let width = shape.heads * shape.head_dim;
        let m = shape.batch * shape.tokens;
        let x = reserve(&mut scratch.x, m * width);
        let narrow = reserve(&mut scratch.narrow, m * width);
        self.attention_residual.read(x, narrow);
        let qkv = reserve(&mut scratch.hidden.wide, m * 3 * width);
        self.qkv.store(narrow, None, qkv);
        if let Some(rope) = rope {
            apply_rope(qkv, shape, rope);
        }
        ops::attention(Level::current(), shape, qkv, narrow);
        if let Some(norm) = &self.attention_norm {
            norm.in_place(narrow);
        }
        self.attention_residual.add(&self.proj, narrow, x, &mut scratch.branch);

        self.mlp_residual.read(x, narrow);
        let hidden = self.mlp.hidden(narrow, &mut scratch.hidden);
        self.mlp_residual.add(&self.mlp.down, hidden, x, &mut scratch.branch);
    }
}

impl FusedResidual {
    fn new(residual: &Residual, order: NormOrder) -> Result<Self> {
        let gamma = residual.scale.as_ref().map(values).transpose()?;
        Ok(Self { order, norm: FusedNorm::new(&residual.norm)?, gamma })
    }

    /// What a branch reads of the residual stream `x [M, D]`.
    fn read<E: Number>(&self, x: &[f32], out: &mut [E]) {
        match self.order {
            NormOrder::Before => self.norm.write(x, out),
            NormOrder::After => out.iter_mut().zip(x).for_each(|(out, x)| *out = E::from_f32(*x)),
        }
    }

    /// Adds the end of a branch, `layer(y)`, to the residual stream `x [M, D]`; `branch` is memory.
    fn add<E: Element>(&self, layer: &FusedLinear<E>, y: &[E], x: &mut [f32], branch: &mut Vec<f32>) {
        let gamma = self.gamma.as_deref();
        match self.order {
            NormOrder::Before => layer.add_to(y, gamma, x),
            NormOrder::After => {
                let branch = reserve(branch, x.len());
                layer.store(y, None, branch);
                self.norm.in_place(branch);
                match gamma {
                    Some(gamma) => {
                        let scale = gamma.iter().cycle();
                        x.iter_mut().zip(branch).zip(scale).for_each(|((x, y), g)| *x += g * *y);
                    }
                    None => x.iter_mut().zip(branch).for_each(|(x, y)| *x += *y),
                }
            }
        }
    }
}

/// Applies the rotary positions of the patches to q and k of `qkv [B, T, 3, heads, d]`.
fn apply_rope<E: Number>(qkv: &mut [E], shape: AttentionShape, rope: &Rope) {
    let AttentionShape { tokens, heads, head_dim: d, .. } = shape;
    let level = Level::current();
    qkv.par_chunks_mut(3 * heads * d).enumerate().for_each(|(row, qkv)| {
        let token = row % tokens;
        if token < rope.prefix {
            return;
        }
        let at = (token - rope.prefix) * d;
        let (sin, cos) = (&rope.sin[at..at + d], &rope.cos[at..at + d]);
        level.vectorize(|| {
            for head in qkv[..2 * heads * d].chunks_exact_mut(d) {
                for ((pair, sin), cos) in
                    head.chunks_exact_mut(2).zip(sin.chunks_exact(2)).zip(cos.chunks_exact(2))
                {
                    let (a, b) = (pair[0].to_f32(), pair[1].to_f32());
                    pair[0] = E::from_f32(a * cos[0] - b * sin[0]);
                    pair[1] = E::from_f32(b * cos[1] + a * sin[1]);
                }
            }
        });
    });
}
