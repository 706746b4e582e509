//! One block over slices.

use super::{
    linear::{FusedLinear, FusedNorm, values},
    scratch::Scratch,
};
use crate::{
    Result,
    blocks::{Block, NormOrder, Qkv, Rope, Up},
    ops::{self, Activation, AttentionShape, Element, Level, reserve},
};
use rayon::prelude::*;

/// A transformer block with packed weights.
pub(super) struct FusedBlock<E> {
    order: NormOrder,
    norm1: FusedNorm,
    qkv: FusedLinear<E>,
    attention_norm: Option<FusedNorm>,
    proj: FusedLinear<E>,
    gamma1: Option<Vec<f32>>,
    norm2: FusedNorm,
    up: FusedLinear<E>,
    /// The activation of a plain MLP; none for SwiGLU, whose two halves `up` gives at once.
    act: Option<Activation>,
    mlp_norm: Option<FusedNorm>,
    down: FusedLinear<E>,
    gamma2: Option<Vec<f32>>,
}

impl<E: Element> FusedBlock<E> {
    pub(super) fn new(block: &Block) -> Result<Self> {
        let attention = &block.attention;
        let qkv = match &attention.qkv {
            Qkv::Joint(linear) => FusedLinear::new(linear)?,
            Qkv::Split { q, k, v } => FusedLinear::stack(&[q, k, v])?,
        };
        let (up, act) = match &block.mlp.up {
            Up::Plain { fc, act } => (FusedLinear::new(fc)?, Some(*act)),
            Up::GatedJoint { fc } => (FusedLinear::new(fc)?, None),
            Up::GatedSplit { gate, value } => (FusedLinear::stack(&[gate, value])?, None),
        };
        Ok(Self {
            order: block.order,
            norm1: FusedNorm::new(&block.norm1)?,
            qkv,
            attention_norm: FusedNorm::maybe(&attention.norm)?,
            proj: FusedLinear::new(&attention.proj)?,
            gamma1: block.scale1.as_ref().map(values).transpose()?,
            norm2: FusedNorm::new(&block.norm2)?,
            up,
            act,
            mlp_norm: FusedNorm::maybe(&block.mlp.norm)?,
            down: FusedLinear::new(&block.mlp.down)?,
            gamma2: block.scale2.as_ref().map(values).transpose()?,
        })
    }

    /// Runs the block on the residual stream `scratch.x [B, T, D]`.
    pub(super) fn forward(&self, shape: AttentionShape, rope: Option<&Rope>, scratch: &mut Scratch<E>) {
        let width = shape.heads * shape.head_dim;
        let m = shape.batch * shape.tokens;
        let x = reserve(&mut scratch.x, m * width);
        let narrow = reserve(&mut scratch.narrow, m * width);
        self.pre_norm(&self.norm1, x, narrow);
        let qkv = reserve(&mut scratch.wide, m * 3 * width);
        self.qkv.store(narrow, None, qkv);
        if let Some(rope) = rope {
            apply_rope(qkv, shape, rope);
        }
        ops::attention(shape, qkv, narrow);
        if let Some(norm) = &self.attention_norm {
            norm.in_place(narrow);
        }
        self.leave(&self.proj, (&self.norm1, self.gamma1.as_deref()), narrow, (x, &mut scratch.branch));

        self.pre_norm(&self.norm2, x, narrow);
        let outputs = self.up.outputs();
        let wide = reserve(&mut scratch.wide, m * outputs);
        self.up.store(narrow, self.act, wide);
        let hidden = if self.act.is_some() {
            wide
        } else {
            let gated = reserve(&mut scratch.gated, m * outputs / 2);
            gate(wide, outputs / 2, gated);
            gated
        };
        if let Some(norm) = &self.mlp_norm {
            norm.in_place(hidden);
        }
        self.leave(&self.down, (&self.norm2, self.gamma2.as_deref()), hidden, (x, &mut scratch.branch));
    }

    /// What a branch reads of the residual stream.
    fn pre_norm(&self, norm: &FusedNorm, x: &[f32], out: &mut [E]) {
        match self.order {
            NormOrder::Before => norm.write(x, out),
            NormOrder::After => out.iter_mut().zip(x).for_each(|(out, x)| *out = E::from_f32(*x)),
        }
    }

    /// Adds the end of a branch, `layer(y)`, to the residual stream.
    fn leave(
        &self,
        layer: &FusedLinear<E>,
        (norm, gamma): (&FusedNorm, Option<&[f32]>),
        y: &[E],
        (x, branch): (&mut [f32], &mut Vec<f32>),
    ) {
        match self.order {
            NormOrder::Before => layer.add_to(y, gamma, x),
            NormOrder::After => {
                let branch = reserve(branch, x.len());
                layer.store(y, None, branch);
                norm.in_place(branch);
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

/// SwiGLU's product: `out [M, H] = silu(a) · b` of rows `[a, b]` of `both [M, 2 H]`.
fn gate<E: Element>(both: &[E], half: usize, out: &mut [E]) {
    let level = Level::detect();
    out.par_chunks_mut(half).zip(both.par_chunks(2 * half)).for_each(|(out, both)| {
        level.vectorize(|| {
            let (a, b) = both.split_at(half);
            for ((out, a), b) in out.iter_mut().zip(a).zip(b) {
                *out = E::from_f32(ops::silu(a.to_f32()) * b.to_f32());
            }
        });
    });
}

/// Turns q and k of the patches of `qkv [B, T, 3, heads, d]` by their rotary positions.
fn apply_rope<E: Element>(qkv: &mut [E], shape: AttentionShape, rope: &Rope) {
    let AttentionShape { tokens, heads, head_dim: d, .. } = shape;
    let level = Level::detect();
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
