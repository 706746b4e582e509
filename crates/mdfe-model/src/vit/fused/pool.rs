//! The tokens of an image to one row of features over slices, in f32 whatever the tower computes in: it is a hundredth of the
//! work.

use crate::{
    Result,
    blocks::{AttentionPool, Linear},
    fused::{FusedLinear, FusedMlp, FusedNorm, Hidden, values},
    ops::{self, dot},
    vit::tower::Pool,
};
use candle_core::Tensor;
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
    pub(super) fn new(pool: &Pool) -> Result<Self> {
        Ok(match pool {
            Pool::Token => Self::Token,
            Pool::Mean => Self::Mean,
            Pool::Attention(pool) => Self::Attention(Box::new(FusedAttentionPool::new(pool)?)),
        })
    }

    /// `x [B, T, D]` to `[B, D]`, the first `prefix` of T tokens being no patches.
    pub(super) fn forward(&self, x: &[f32], tokens: usize, width: usize, prefix: usize) -> Vec<f32> {
        let mut pooled = vec![0.0; x.len() / tokens];
        let images = pooled.chunks_exact_mut(width).zip(x.chunks_exact(tokens * width));
        match self {
            Self::Token => images.for_each(|(out, image)| out.copy_from_slice(&image[..width])),
            Self::Mean => images.for_each(|(out, image)| ops::mean(&image[prefix * width..], out)),
            Self::Attention(pool) => pool.forward(x, tokens, &mut pooled),
        }
        pooled
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
    mlp: FusedMlp<f32>,
}

impl FusedAttentionPool {
    fn new(pool: &AttentionPool) -> Result<Self> {
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
        let queries = Tensor::from_vec(queries, (heads, width), pool.latent.device())?;
        let bias = pool.kv.bias.as_ref().map(values).transpose()?;
        Ok(Self {
            heads,
            width,
            queries: FusedLinear::new(&Linear { weight: queries, bias: None })?,
            value: value.to_vec(),
            value_bias: bias.map_or_else(|| vec![0.0; width], |bias| bias[width..].to_vec()),
            proj: FusedLinear::new(&pool.proj)?,
            norm: FusedNorm::new(&pool.norm)?,
            mlp: FusedMlp::new(&pool.mlp)?,
        })
    }

    /// `x [B, T, D]` to `out [B, D]`.
    fn forward(&self, x: &[f32], tokens: usize, out: &mut [f32]) {
        let (d, heads) = (self.width, self.heads);
        let mut scores = vec![0f32; x.len() / d * heads];
        self.queries.store(x, None, &mut scores);
        let mut pooled = vec![0f32; out.len()];
        let images = x.par_chunks(tokens * d).zip(scores.par_chunks_mut(tokens * heads));
        pooled.par_chunks_mut(d).zip(images).for_each(|(out, (x, scores))| self.attend(x, scores, out));
        self.proj.store(&pooled, None, out);
        let mut normed = vec![0f32; out.len()];
        self.norm.write(out, &mut normed);
        let mut memory = Hidden::default();
        self.mlp.down.add_to(self.mlp.hidden(&normed, &mut memory), None, out);
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
            *out = self.value_bias[c] + dot::<16, f32>(&self.value[c * width..][..width], mean);
        }
    }
}
