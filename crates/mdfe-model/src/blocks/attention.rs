//! Multi-head self-attention.

use super::{LayerNorm, Linear, Mode, Rope};
use crate::Result;
use candle_core::{D, Tensor};

/// Scores that may be alive at once on a device, in values: 512 MiB of bf16.
const SCORES_AT_ONCE: usize = 256 << 20;

/// The input projections.
pub(crate) enum Qkv {
    /// One matrix `[3 D, D]`: q, k, v in this order.
    Joint(Linear),
    /// Three matrices `[D, D]`; EVA02's k has no bias.
    Split {
        /// Queries.
        q: Linear,
        /// Keys.
        k: Linear,
        /// Values.
        v: Linear,
    },
}

/// `proj(norm(softmax(q kᵀ / sqrt d) v))`.
pub(crate) struct Attention {
    pub(crate) qkv: Qkv,
    /// EVA02-CLIP's sub-LN before the output projection.
    pub(crate) norm: Option<LayerNorm>,
    pub(crate) proj: Linear,
    pub(crate) heads: usize,
}

impl Attention {
    /// `x [B, T, D]` to the same shape. `rope` turns q and k of the patches.
    pub(crate) fn forward(&self, x: &Tensor, rope: Option<&Rope>, mode: Mode) -> Result<Tensor> {
        let (b, t, d) = x.dims3()?;
        let split = |y: Tensor| -> Result<Tensor> {
            // [B, T, D] -> [B, heads, T, d]
            Ok(y.reshape((b, t, self.heads, ()))?.transpose(1, 2)?.contiguous()?)
        };
        let [q, k, v] = match &self.qkv {
            Qkv::Joint(linear) => {
                let qkv = linear.forward(x)?;
                let part = |i: usize| -> Result<Tensor> { split(qkv.narrow(D::Minus1, i * d, d)?) };
                [part(0)?, part(1)?, part(2)?]
            }
            Qkv::Split { q, k, v } => [split(q.forward(x)?)?, split(k.forward(x)?)?, split(v.forward(x)?)?],
        };
        let (q, k) = match rope {
            Some(rope) => (rope.turn(&q)?, rope.turn(&k)?),
            None => (q, k),
        };
        let y = attend(&q, &k, &v, mode)?.transpose(1, 2)?.reshape((b, t, d))?;
        let y = match &self.norm {
            Some(norm) => norm.forward(&y, mode)?,
            None => y,
        };
        self.proj.forward(&y)
    }
}

/// `q [B, heads, Q, d]`, `k` and `v [B, heads, T, d]` to `[B, heads, Q, d]`, in blocks of queries when the scores are many.
pub(crate) fn attend(q: &Tensor, k: &Tensor, v: &Tensor, mode: Mode) -> Result<Tensor> {
    let (b, heads, queries, d) = q.dims4()?;
    let tokens = k.dim(2)?;
    let q = (q * (1.0 / (d as f64).sqrt()))?;
    let keys = k.t()?;
    let block = |q: &Tensor| -> Result<Tensor> {
        let scores = q.matmul(&keys)?;
        let weights = match mode {
            Mode::Inference => candle_nn::ops::softmax_last_dim(&scores)?,
            Mode::Training => candle_nn::ops::softmax(&scores, D::Minus1)?,
        };
        Ok(weights.matmul(v)?)
    };
    let rows = (SCORES_AT_ONCE / (b * heads * tokens)).max(1);
    if mode == Mode::Training || rows >= queries {
        return block(&q);
    }
    let mut parts = Vec::new();
    for first in (0..queries).step_by(rows) {
        parts.push(block(&q.narrow(2, first, rows.min(queries - first))?.contiguous()?)?);
    }
    Ok(Tensor::cat(&parts, 2)?)
}
