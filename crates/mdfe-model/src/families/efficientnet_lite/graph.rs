//! EfficientNet-Lite as operations, maps `[B, C, H, W]`.

use super::{
    conv::Conv,
    tower::{Block, STEM_WINDOW, Tower},
};
use crate::{
    Error, Result,
    graph::{BATCH, ConvWindow, Graph, Value},
    ops::{Activation, Window},
};

/// A 1x1 convolution.
const POINT: Window = Window { size: 1, stride: 1 };

impl Tower {
    pub(super) fn emit_all(&self, g: &mut Graph) -> Result<Value> {
        let relu6 = Some(Activation::Relu6);
        let mut x = g.within("stem", |g| self.stem.emit(g, g.pixels(), STEM_WINDOW, relu6))?;
        for (i, block) in self.blocks.iter().enumerate() {
            x = g.within(format!("blocks.{i}"), |g| block.emit(g, x))?;
        }
        let x = g.within("head", |g| self.head.emit(g, x, POINT, relu6))?;
        let [channels, height, width] = map(g, x)?;
        let flat = g.reshape(x, &[BATCH, channels, height * width])?;
        g.mean(flat, 2)
    }
}

impl Block {
    fn emit(&self, g: &mut Graph, x: Value) -> Result<Value> {
        let relu6 = Some(Activation::Relu6);
        let wide = match &self.widen {
            Some(conv) => g.within("widen", |g| conv.emit(g, x, POINT, relu6))?,
            None => x,
        };
        let y = g.within("depthwise", |g| self.depthwise.emit(g, wide, self.window, relu6))?;
        let y = g.within("narrow", |g| self.narrow.emit(g, y, POINT, None))?;
        if self.residual { g.add(y, x) } else { Ok(y) }
    }
}

impl Conv {
    /// With the norm folded in and TensorFlow's padding, whose odd pixel goes behind.
    fn emit(&self, g: &mut Graph, x: Value, window: Window, act: Option<Activation>) -> Result<Value> {
        let (weight, bias) = self.folded()?;
        let [channels, height, width] = map(g, x)?;
        let after = |n: usize| {
            let needed = window.outputs(n).saturating_sub(1) * window.stride + window.size;
            needed.saturating_sub(n) - window.before(n)
        };
        let window = ConvWindow {
            stride: window.stride,
            top: window.before(height),
            left: window.before(width),
            bottom: after(height),
            right: after(width),
            groups: channels / weight.dim(1)?,
        };
        let y = g.conv(x, &weight, Some(&bias), window)?;
        Ok(act.map_or(y, |act| g.activate(y, act)))
    }
}

/// C, H and W.
fn map(g: &Graph, x: Value) -> Result<[usize; 3]> {
    match g.shape(x) {
        &[_, channels, height, width] => Ok([channels, height, width]),
        other => Err(Error::Invalid(format!("a map is [B, C, H, W], not {other:?}"))),
    }
}
