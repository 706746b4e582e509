//! The parts that every vision transformer is made of, each with its weights as tensors and its differentiable form.
//!
//! A part's `forward` takes a [`Mode`]: [`Mode::Training`] uses only operations that have a gradient, [`Mode::Inference`]
//! the fused ones of candle-nn, which have none (the path of CUDA and Metal). The CPU's inference path is built from
//! the same parts by [`crate::fused`].

mod attention;
mod attention_pool;
mod depthwise;
mod depthwise_op;
mod linear;
mod mlp;
mod norm;
mod patch;
mod positions;
mod resample;
mod rope;
mod transformer;

pub(crate) use attention::{Attention, Qkv, SCORES_AT_ONCE, softmax};
pub(crate) use attention_pool::AttentionPool;
pub(crate) use depthwise::{depthwise, shifts};
pub(crate) use linear::Linear;
pub(crate) use mlp::{Mlp, Up, activate};
pub(crate) use norm::LayerNorm;
pub(crate) use patch::PatchEmbed;
pub(crate) use positions::Positions;
pub(crate) use resample::resample_positions;
pub(crate) use rope::Rope;
pub(crate) use transformer::{Block, NormOrder, Residual};

/// Which operations a forward pass may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Fused operations without a gradient.
    Inference,
    /// Differentiable operations only.
    Training,
}
