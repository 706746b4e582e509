//! SigLIP's head: one learned query attends to all tokens, then a residual MLP (timm `AttentionPoolLatent`).

use super::{LayerNorm, Linear, Mlp, Mode, Up, attention::attend};
use crate::{Result, Weights, ops::Activation};
use candle_core::Tensor;

/// `y = proj(attend(q(latent), kv(x)))`, `y + mlp(norm(y))`.
pub(crate) struct AttentionPool {
    /// `[1, 1, D]`.
    pub(crate) latent: Tensor,
    pub(crate) q: Linear,
    /// `[2 D, D]`: keys, then values.
    pub(crate) kv: Linear,
    pub(crate) proj: Linear,
    pub(crate) norm: LayerNorm,
    pub(crate) mlp: Mlp,
    pub(crate) heads: usize,
}

impl AttentionPool {
    /// Reads timm's keys of the scope `attn_pool`; `hidden` is the width of the MLP.
    pub(crate) fn load(
        w: &Weights,
        width: usize,
        heads: usize,
        hidden: usize,
        act: Activation,
    ) -> Result<Self> {
        let up = Up::Plain { fc: Linear::load(&w.at("mlp").at("fc1"), hidden, width)?, act };
        let down = Linear::load(&w.at("mlp").at("fc2"), width, hidden)?;
        Ok(Self {
            latent: w.get("latent", &[1, 1, width])?,
            q: Linear::load(&w.at("q"), width, width)?,
            kv: Linear::load(&w.at("kv"), 2 * width, width)?,
            proj: Linear::load(&w.at("proj"), width, width)?,
            norm: LayerNorm::load(&w.at("norm"), width, 1e-6)?,
            mlp: Mlp { up, norm: None, down },
            heads,
        })
    }

    /// `x [B, T, D]` to `[B, D]`.
    pub(crate) fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        let (b, t, d) = x.dims3()?;
        let q = self.q.forward(&self.latent)?.reshape((1, self.heads, 1, ()))?;
        let q = q.broadcast_as((b, self.heads, 1, d / self.heads))?.contiguous()?;
        let kv = self.kv.forward(x)?;
        let part = |i: usize| -> Result<Tensor> {
            let part = kv.narrow(2, i * d, d)?.reshape((b, t, self.heads, ()))?;
            Ok(part.transpose(1, 2)?.contiguous()?)
        };
        let y = attend(&q, &part(0)?, &part(1)?, None, mode)?.reshape((b, d))?;
        let y = self.proj.forward(&y)?;
        Ok((&y + self.mlp.forward(&self.norm.forward(&y, mode)?, mode)?)?)
    }
}
