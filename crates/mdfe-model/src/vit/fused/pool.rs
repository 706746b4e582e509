//! Tokens to one vector over slices, in f32 whatever the tower computes in: it is a hundredth of the work.

use super::linear::{FusedLinear, FusedNorm, values};
use crate::{
    Result,
    blocks::{AttentionPool, Up},
    ops::{self, Activation},
};
use rayon::prelude::*;

/// The pooling of a [`super::FusedTower`].
pub(super) enum FusedPool {
    /// The first token.
    Token,
    /// The mean of the patches.
    Mean,
    /// Attention of a learned query.
    Attention(Box<FusedAttentionPool>),
}

impl FusedPool {
    /// `x [B, T, D]` to `[B, D]`, the first `prefix` of T tokens being no patches.
    pub(super) fn forward(&self, x: &[f32], tokens: usize, width: usize, prefix: usize) -> Vec<f32> {
        match self {
            Self::Token => x.chunks_exact(tokens * width).flat_map(|image| image[..width].to_vec()).collect(),
            Self::Mean => x
                .chunks_exact(tokens * width)
                .flat_map(|image| {
                    let mut sum = vec![0f64; width];
                    for token in image[prefix * width..].chunks_exact(width) {
                        sum.iter_mut().zip(token).for_each(|(sum, x)| *sum += f64::from(*x));
                    }
                    sum.into_iter().map(move |sum| (sum / (tokens - prefix) as f64) as f32)
                })
                .collect(),
            Self::Attention(pool) => pool.forward(x, tokens),
        }
    }
}

/// Attention pooling whose query is a constant, so that keys and values of the tokens need not be formed:
/// `q_h · (W_k x_t)` is `(W_kᵀ q_h) · x_t`, and `sum_t p_t W_v x_t` is `W_v (sum_t p_t x_t)`. The keys' bias shifts all
/// scores of a head alike and drops out of the softmax; the weights sum to one, so the values' bias is added once.
pub(super) struct FusedAttentionPool {
    heads: usize,
    width: usize,
    /// `[heads, D]`: `W_kᵀ q_h / sqrt d`.
    queries: FusedLinear<f32>,
    /// `[D, D]`, row-major.
    value: Vec<f32>,
    value_bias: Vec<f32>,
    proj: FusedLinear<f32>,
    norm: FusedNorm,
    up: FusedLinear<f32>,
    act: Activation,
    down: FusedLinear<f32>,
}

impl FusedAttentionPool {
    pub(super) fn new(pool: &AttentionPool) -> Result<Self> {
        let (width, heads) = (pool.latent.elem_count(), pool.heads);
        let d = width / heads;
        let q = values(&pool.q.forward(&pool.latent)?)?;
        let kv = values(&pool.kv.weight)?;
        let (key, value) = kv.split_at(width * width);
        let mut queries = vec![0f32; heads * width];
        for (h, row) in queries.chunks_exact_mut(width).enumerate() {
            for c in h * d..(h + 1) * d {
                let q = q[c] / (d as f32).sqrt();
                row.iter_mut().zip(&key[c * width..]).for_each(|(sum, k)| *sum += q * k);
            }
        }
        let device = pool.latent.device();
        let queries = candle_core::Tensor::from_vec(queries, (heads, width), device)?;
        let bias = pool.kv.bias.as_ref().map(values).transpose()?;
        let (fc, act) = match &pool.mlp.up {
            Up::Plain { fc, act } => (fc, *act),
            Up::GatedJoint { fc } | Up::GatedSplit { gate: fc, .. } => (fc, Activation::Silu),
        };
        Ok(Self {
            heads,
            width,
            queries: FusedLinear::new(&crate::blocks::Linear { weight: queries, bias: None })?,
            value: value.to_vec(),
            value_bias: bias.map_or_else(|| vec![0.0; width], |bias| bias[width..].to_vec()),
            proj: FusedLinear::new(&pool.proj)?,
            norm: FusedNorm::new(&pool.norm)?,
            up: FusedLinear::new(fc)?,
            act,
            down: FusedLinear::new(&pool.mlp.down)?,
        })
    }

    fn forward(&self, x: &[f32], tokens: usize) -> Vec<f32> {
        let (d, heads) = (self.width, self.heads);
        let batch = x.len() / (tokens * d);
        let mut scores = vec![0f32; batch * tokens * heads];
        self.queries.store(x, None, &mut scores);
        let mut pooled = vec![0f32; batch * d];
        let images = x.par_chunks(tokens * d).zip(scores.par_chunks_mut(tokens * heads));
        pooled.par_chunks_mut(d).zip(images).for_each(|(out, (x, scores))| self.attend(x, scores, out));
        let mut y = vec![0f32; batch * d];
        self.proj.store(&pooled, None, &mut y);
        let mut normed = vec![0f32; batch * d];
        self.norm.write(&y, &mut normed);
        let mut hidden = vec![0f32; batch * self.up.outputs()];
        self.up.store(&normed, Some(self.act), &mut hidden);
        self.down.add_to(&hidden, None, &mut y);
        y
    }

    /// One image: `x [T, D]`, `scores [T, heads]` to the attended values `out [D]`.
    fn attend(&self, x: &[f32], scores: &mut [f32], out: &mut [f32]) {
        let (width, heads) = (self.width, self.heads);
        for h in 0..heads {
            let max = scores[h..].iter().step_by(heads).fold(f32::NEG_INFINITY, |max, s| max.max(*s));
            let mut total = 0f32;
            for s in scores[h..].iter_mut().step_by(heads) {
                *s = ops::exp(*s - max);
                total += *s;
            }
            scores[h..].iter_mut().step_by(heads).for_each(|s| *s /= total);
        }
        // [heads, D]: the mean of the tokens under each head's weights.
        let mut means = vec![0f32; heads * width];
        for (token, weights) in x.chunks_exact(width).zip(scores.chunks_exact(heads)) {
            for (mean, p) in means.chunks_exact_mut(width).zip(weights) {
                mean.iter_mut().zip(token).for_each(|(mean, x)| *mean += p * x);
            }
        }
        let d = width / heads;
        for (c, out) in out.iter_mut().enumerate() {
            let mean = &means[c / d * width..][..width];
            *out = self.value_bias[c] + dot(&self.value[c * width..][..width], mean);
        }
    }
}

/// Sixteen partial sums.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0f32; 16];
    let ((a, ar), (b, br)) = (a.as_chunks::<16>(), b.as_chunks::<16>());
    for (a, b) in a.iter().zip(b) {
        for i in 0..16 {
            sums[i] += a[i] * b[i];
        }
    }
    sums.iter().sum::<f32>() + ar.iter().zip(br).map(|(a, b)| a * b).sum::<f32>()
}
