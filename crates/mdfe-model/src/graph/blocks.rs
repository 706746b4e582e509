//! The parts of [`crate::blocks`] as operations, each the same value as its `forward`.

use super::{BATCH, ConvWindow, Graph, Value};
use crate::{
    Result,
    blocks::{
        Attention, AttentionPool, Block, LayerNorm, Linear, Mlp, NormOrder, PatchEmbed, Positions, Qkv,
        Residual, Rope, Up,
    },
    size::Size,
};
use candle_core::{Device, Tensor};

impl Linear {
    pub(crate) fn emit(&self, g: &mut Graph, name: &str, x: Value) -> Result<Value> {
        g.within(name, |g| g.linear(x, &self.weight, self.bias.as_ref()))
    }
}

impl LayerNorm {
    pub(crate) fn emit(&self, g: &mut Graph, name: &str, x: Value) -> Result<Value> {
        g.within(name, |g| g.layer_norm(x, &self.weight, &self.bias, self.eps))
    }
}

/// The norm, where there is one.
pub(crate) fn emit_maybe(norm: &Option<LayerNorm>, g: &mut Graph, name: &str, x: Value) -> Result<Value> {
    match norm {
        Some(norm) => norm.emit(g, name, x),
        None => Ok(x),
    }
}

impl Mlp {
    pub(crate) fn emit(&self, g: &mut Graph, name: &str, x: Value) -> Result<Value> {
        g.within(name, |g| {
            let hidden = match &self.up {
                Up::Plain { fc, act } => {
                    let wide = fc.emit(g, "fc1", x)?;
                    g.activate(wide, *act)
                }
                Up::GatedJoint { fc } => {
                    let both = fc.emit(g, "fc1", x)?;
                    let axis = g.shape(both).len() - 1;
                    let half = g.shape(both)[axis] / 2;
                    let (gate, value) = (g.slice(both, axis, 0, half)?, g.slice(both, axis, half, half)?);
                    gated(g, gate, value)?
                }
                Up::GatedSplit { gate, value } => {
                    let (gate, value) = (gate.emit(g, "gate", x)?, value.emit(g, "value", x)?);
                    gated(g, gate, value)?
                }
            };
            let hidden = emit_maybe(&self.norm, g, "norm", hidden)?;
            self.down.emit(g, "fc2", hidden)
        })
    }
}

/// `silu(gate) · value`.
fn gated(g: &mut Graph, gate: Value, value: Value) -> Result<Value> {
    let gate = g.activate(gate, crate::Activation::Silu);
    g.mul(gate, value)
}

/// `softmax(q kᵀ) v` over the last two axes of `q [.., Q, d]`, which is scaled already, `k` and `v [.., T, d]`.
fn attend(g: &mut Graph, q: Value, k: Value, v: Value) -> Result<Value> {
    let keys = g.transpose(k)?;
    let scores = g.matmul(q, keys)?;
    let shares = g.softmax(scores);
    g.matmul(shares, v)
}

impl Attention {
    /// `x [B, T, D]` to the same shape.
    pub(crate) fn emit(&self, g: &mut Graph, x: Value, rope: Option<&Rope>) -> Result<Value> {
        g.within("attention", |g| {
            let &[_, tokens, width] = g.shape(x) else {
                return Err(crate::Error::Invalid("attention is over [B, T, D]".to_owned()));
            };
            let split = |g: &mut Graph, y: Value| -> Result<Value> {
                let y = g.reshape(y, &[BATCH, tokens, self.heads, width / self.heads])?;
                g.permute(y, &[0, 2, 1, 3])
            };
            let [q, k, v] = match &self.qkv {
                Qkv::Joint(linear) => {
                    let qkv = linear.emit(g, "qkv", x)?;
                    let mut part = |i: usize| -> Result<Value> {
                        let part = g.slice(qkv, 2, i * width, width)?;
                        split(g, part)
                    };
                    [part(0)?, part(1)?, part(2)?]
                }
                Qkv::Split { q, k, v } => {
                    let mut part = |layer: &Linear, name: &str| -> Result<Value> {
                        let y = layer.emit(g, name, x)?;
                        split(g, y)
                    };
                    [part(q, "q")?, part(k, "k")?, part(v, "v")?]
                }
            };
            let (q, k) = match rope {
                Some(rope) => (rope.emit(g, "rope_q", q)?, rope.emit(g, "rope_k", k)?),
                None => (q, k),
            };
            let q = g.scale(q, 1.0 / ((width / self.heads) as f64).sqrt());
            let y = attend(g, q, k, v)?;
            let y = g.permute(y, &[0, 2, 1, 3])?;
            let y = g.reshape(y, &[BATCH, tokens, width])?;
            let y = emit_maybe(&self.norm, g, "norm", y)?;
            self.proj.emit(g, "proj", y)
        })
    }
}

impl Rope {
    /// `x [B, heads, T, d]` with rotary positions applied to its patches.
    fn emit(&self, g: &mut Graph, name: &str, x: Value) -> Result<Value> {
        let &[_, heads, tokens, d] = g.shape(x) else {
            return Err(crate::Error::Invalid("rotary positions are over [B, heads, T, d]".to_owned()));
        };
        let patches = tokens - self.prefix;
        let moved = g.slice(x, 2, self.prefix, patches)?;
        let pairs = g.reshape(moved, &[BATCH, heads, patches, d / 2, 2])?;
        let (even, odd) = (g.slice(pairs, 4, 0, 1)?, g.slice(pairs, 4, 1, 1)?);
        let odd = g.scale(odd, -1.0);
        let swapped = g.concat(&[odd, even], 4)?;
        let swapped = g.reshape(swapped, &[BATCH, heads, patches, d])?;
        let table = |values: &[f32]| Tensor::from_slice(values, (patches, d), &Device::Cpu);
        let (cos, sin) = g.within(name, |g| {
            Ok((g.value("cos", &table(&self.cos)?)?, g.value("sin", &table(&self.sin)?)?))
        })?;
        let (straight, turned) = (g.mul(moved, cos)?, g.mul(swapped, sin)?);
        let rotated = g.add(straight, turned)?;
        if self.prefix == 0 {
            return Ok(rotated);
        }
        let prefix = g.slice(x, 2, 0, self.prefix)?;
        g.concat(&[prefix, rotated], 2)
    }
}

impl AttentionPool {
    /// `x [B, T, D]` to `[B, D]`.
    pub(crate) fn emit(&self, g: &mut Graph, x: Value) -> Result<Value> {
        g.within("attention_pool", |g| {
            let &[_, tokens, width] = g.shape(x) else {
                return Err(crate::Error::Invalid("attention is over [B, T, D]".to_owned()));
            };
            let d = width / self.heads;
            // The query is the same for every image, so that its row is a tensor already.
            let query = (self.q.forward(&self.latent)? * (1.0 / (d as f64).sqrt()))?;
            let query = query.reshape((1, self.heads, 1, d))?;
            let query = g.value("query", &query)?;
            let kv = self.kv.emit(g, "kv", x)?;
            let mut part = |i: usize| -> Result<Value> {
                let part = g.slice(kv, 2, i * width, width)?;
                let part = g.reshape(part, &[BATCH, tokens, self.heads, d])?;
                g.permute(part, &[0, 2, 1, 3])
            };
            let (k, v) = (part(0)?, part(1)?);
            let y = attend(g, query, k, v)?;
            let y = g.reshape(y, &[BATCH, width])?;
            let y = self.proj.emit(g, "proj", y)?;
            let normed = self.norm.emit(g, "norm", y)?;
            let more = self.mlp.emit(g, "mlp", normed)?;
            g.add(y, more)
        })
    }
}

impl Block {
    /// `x [B, T, D]` to the same shape.
    pub(crate) fn emit(&self, g: &mut Graph, x: Value, rope: Option<&Rope>) -> Result<Value> {
        let attend = |g: &mut Graph, x: Value| self.attention.emit(g, x, rope);
        let x = g.within("branch1", |g| self.attention_residual.emit(g, x, self.order, attend))?;
        let mlp = |g: &mut Graph, x: Value| self.mlp.emit(g, "mlp", x);
        g.within("branch2", |g| self.mlp_residual.emit(g, x, self.order, mlp))
    }
}

impl Residual {
    /// `x [B, T, D]` with the branch `f` added.
    fn emit(
        &self,
        g: &mut Graph,
        x: Value,
        order: NormOrder,
        f: impl FnOnce(&mut Graph, Value) -> Result<Value>,
    ) -> Result<Value> {
        let y = match order {
            NormOrder::Before => {
                let x = self.norm.emit(g, "norm", x)?;
                f(g, x)?
            }
            NormOrder::After => {
                let y = f(g, x)?;
                self.norm.emit(g, "norm", y)?
            }
        };
        let y = match &self.scale {
            Some(scale) => {
                let scale = g.value("scale", scale)?;
                g.mul(y, scale)?
            }
            None => y,
        };
        g.add(x, y)
    }
}

impl PatchEmbed {
    /// `pixels [B, 3, H, W]` to the map `[B, D, h, w]`.
    pub(crate) fn emit(&self, g: &mut Graph, pixels: Value) -> Result<Value> {
        let side = self.size;
        let kernel = self.linear.weight.reshape(((), 3, side, side))?;
        let window = ConvWindow::patches(side);
        g.within("patches", |g| g.conv(pixels, &kernel, self.linear.bias.as_ref(), window))
    }
}

impl Positions {
    /// `patches [B, P, D]` to tokens `[B, prefix + P, D]`.
    pub(crate) fn emit(&self, g: &mut Graph, patches: Value, grid: Size) -> Result<Value> {
        let placed = match self.patches(grid)? {
            Some(positions) => {
                let positions = g.value("positions", &positions)?;
                g.add(patches, positions)?
            }
            None => patches,
        };
        match self.prefix_tokens()? {
            None => Ok(placed),
            Some(prefix) => {
                let prefix = g.value("prefix", &prefix.unsqueeze(0)?)?;
                let prefix = g.per_image(prefix)?;
                g.concat(&[prefix, placed], 1)
            }
        }
    }
}

/// `[B, C, H, W]` to `[B, H W, C]`.
pub(crate) fn tokens_of_map(g: &mut Graph, map: Value) -> Result<Value> {
    let &[_, channels, height, width] = g.shape(map) else {
        return Err(crate::Error::Invalid("a map is [B, C, H, W]".to_owned()));
    };
    let flat = g.reshape(map, &[BATCH, channels, height * width])?;
    g.permute(flat, &[0, 2, 1])
}
