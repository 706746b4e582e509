//! The MLP of a block: up, nonlinearity, an optional norm (EVA02's sub-LN), down.

use super::{LayerNorm, Linear, Mode};
use crate::{Result, ops::Activation};
use candle_core::{D, Tensor};

/// The widening half of an MLP.
pub(crate) enum Up {
    /// `act(fc x)`.
    Plain {
        /// `[H, D]`.
        fc: Linear,
        /// The nonlinearity.
        act: Activation,
    },
    /// SwiGLU with one matrix: `silu(a) · b` with `[a, b] = fc x`, timm's `SwiGLUPacked`.
    GatedJoint {
        /// `[2 H, D]`, the gate first.
        fc: Linear,
    },
    /// SwiGLU with two matrices: `silu(gate x) · (value x)`, timm's `SwiGLU`.
    GatedSplit {
        /// `[H, D]`.
        gate: Linear,
        /// `[H, D]`.
        value: Linear,
    },
}

/// `down(norm(up(x)))`.
pub(crate) struct Mlp {
    pub(crate) up: Up,
    pub(crate) norm: Option<LayerNorm>,
    pub(crate) down: Linear,
}

impl Mlp {
    /// `x [.., D]` to `[.., D]`.
    pub(crate) fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        let hidden = match &self.up {
            Up::Plain { fc, act } => activate(&fc.forward(x)?, *act)?,
            Up::GatedJoint { fc } => {
                let both = fc.forward(x)?;
                let half = both.dim(D::Minus1)? / 2;
                (both.narrow(D::Minus1, 0, half)?.silu()? * both.narrow(D::Minus1, half, half)?)?
            }
            Up::GatedSplit { gate, value } => (gate.forward(x)?.silu()? * value.forward(x)?)?,
        };
        let hidden = match &self.norm {
            Some(norm) => norm.forward(&hidden, mode)?,
            None => hidden,
        };
        self.down.forward(&hidden)
    }
}

/// The activation in operations that have a gradient.
pub(crate) fn activate(x: &Tensor, act: Activation) -> Result<Tensor> {
    Ok(match act {
        Activation::Gelu => x.gelu_erf()?,
        Activation::GeluTanh => x.gelu()?,
        Activation::Silu => x.silu()?,
        Activation::Relu6 => x.clamp(0f64, 6f64)?,
        // x σ(c x) = silu(c x) / c.
        Activation::QuickGelu => ((x * 1.702)?.silu()? / 1.702)?,
    })
}
