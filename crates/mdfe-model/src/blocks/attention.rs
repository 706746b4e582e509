//! Multi-head self-attention.

use super::{LayerNorm, Linear, Mode, Rope};
use crate::Result;
use candle_core::{D, Tensor};

/// Scores that may be alive at once on a device, in values: 512 MiB of bf16.
pub(crate) const SCORES_AT_ONCE: usize = 256 << 20;

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
    /// Whether a token sees only itself and those before it: text towers.
    pub(crate) causal: bool,
}

impl Attention {
    /// `x [B, T, D]` to the same shape. `rope` has the rotary positions of the patches.
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
            Some(rope) => (rope.apply_rope(&q)?, rope.apply_rope(&k)?),
            None => (q, k),
        };
        let mask = self.causal.then(|| causal_mask(t, x)).transpose()?;
        let y = attend(&q, &k, &v, mask.as_ref(), mode)?.transpose(1, 2)?.reshape((b, t, d))?;
        let y = match &self.norm {
            Some(norm) => norm.forward(&y, mode)?,
            None => y,
        };
        self.proj.forward(&y)
    }
}

/// `[T, T]`: minus infinity above the diagonal, 0 elsewhere.
fn causal_mask(tokens: usize, like: &Tensor) -> Result<Tensor> {
    let value = |i: usize, j: usize| if j > i { f32::NEG_INFINITY } else { 0.0 };
    let values: Vec<f32> = (0..tokens * tokens).map(|n| value(n / tokens, n % tokens)).collect();
    Ok(Tensor::from_vec(values, (tokens, tokens), like.device())?.to_dtype(like.dtype())?)
}

/// The softmax of `scores` over the last axis.
pub(crate) fn softmax(scores: &Tensor, mode: Mode) -> Result<Tensor> {
    Ok(match mode {
        Mode::Inference => candle_nn::ops::softmax_last_dim(scores)?,
        Mode::Training => candle_nn::ops::softmax(scores, D::Minus1)?,
    })
}

/// `q [B, heads, Q, d]`, `k` and `v [B, heads, T, d]` to `[B, heads, Q, d]`, in blocks of queries when the scores are many.
/// `mask [Q, T]` is added to the scores.
pub(crate) fn attend(
    q: &Tensor,
    k: &Tensor,
    v: &Tensor,
    mask: Option<&Tensor>,
    mode: Mode,
) -> Result<Tensor> {
    let (b, heads, queries, d) = q.dims4()?;
    let tokens = k.dim(2)?;
    let q = (q * (1.0 / (d as f64).sqrt()))?;
    let keys = k.t()?;
    let block = |q: &Tensor, mask: Option<&Tensor>| -> Result<Tensor> {
        let scores = q.matmul(&keys)?;
        let scores = match mask {
            Some(mask) => scores.broadcast_add(mask)?,
            None => scores,
        };
        Ok(softmax(&scores, mode)?.matmul(v)?)
    };
    let rows = (SCORES_AT_ONCE / (b * heads * tokens)).max(1);
    if mode == Mode::Training || rows >= queries {
        return block(&q, mask);
    }
    let mut parts = Vec::new();
    for first in (0..queries).step_by(rows) {
        let count = rows.min(queries - first);
        let mask = mask.map(|mask| mask.narrow(0, first, count)).transpose()?;
        parts.push(block(&q.narrow(2, first, count)?.contiguous()?, mask.as_ref())?);
    }
    Ok(Tensor::cat(&parts, 2)?)
}
