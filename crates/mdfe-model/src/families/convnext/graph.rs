//! ConvNeXt as operations, maps `[B, C, H, W]` between the norms.

use super::tower::{Block, Downsample, Head, Tower, WINDOW};
use crate::{
    Error, Result,
    blocks::LayerNorm,
    graph::{BATCH, ConvWindow, Graph, Value},
};

impl Tower {
    pub(super) fn emit_all(&self, g: &mut Graph) -> Result<Value> {
        let x = g.within("stem", |g| self.stem.emit(g, g.pixels()))?;
        let mut x = norm_of_map(&self.stem_norm, g, "stem_norm", x)?;
        for (i, stage) in self.stages.iter().enumerate() {
            if let Some(downsample) = &stage.downsample {
                x = g.within(format!("stages.{i}.downsample"), |g| downsample.emit(g, x))?;
            }
            for (j, block) in stage.blocks.iter().enumerate() {
                x = g.within(format!("stages.{i}.blocks.{j}"), |g| block.emit(g, x))?;
            }
        }
        let (channels, places) = match g.shape(x) {
            &[_, channels, height, width] => (channels, height * width),
            other => return Err(Error::Invalid(format!("a map is [B, C, H, W], not {other:?}"))),
        };
        let flat = g.reshape(x, &[BATCH, channels, places])?;
        let pooled = g.mean(flat, 2)?;
        let features = self.norm.emit(g, "norm", pooled)?;
        match &self.head {
            Some(Head::Linear(linear)) => linear.emit(g, "head", features),
            Some(Head::Mlp(mlp)) => mlp.emit(g, "head", features),
            None => Ok(features),
        }
    }
}

/// The norm over the channels of `map [B, C, H, W]`.
fn norm_of_map(norm: &LayerNorm, g: &mut Graph, name: &str, map: Value) -> Result<Value> {
    let last = g.permute(map, &[0, 2, 3, 1])?;
    let normed = norm.emit(g, name, last)?;
    g.permute(normed, &[0, 3, 1, 2])
}

impl Downsample {
    fn emit(&self, g: &mut Graph, x: Value) -> Result<Value> {
        let x = norm_of_map(&self.norm, g, "norm", x)?;
        // The matrix is over `[dy, dx, C]`, a kernel over `[C, dy, dx]`.
        let kernel = self.linear.weight.reshape((self.linear.weight.dim(0)?, 2, 2, ()))?;
        let kernel = kernel.permute((0, 3, 1, 2))?;
        g.within("conv", |g| g.conv(x, &kernel, self.linear.bias.as_ref(), ConvWindow::patches(2)))
    }
}

impl Block {
    fn emit(&self, g: &mut Graph, x: Value) -> Result<Value> {
        let channels = self.kernel.dim(1)?;
        let kernel = self.kernel.t()?.reshape((channels, 1, WINDOW.size, WINDOW.size))?;
        let window = ConvWindow { groups: channels, ..ConvWindow::padded(WINDOW.size / 2) };
        let y = g.within("depthwise", |g| g.conv(x, &kernel, Some(&self.bias), window))?;
        let y = g.permute(y, &[0, 2, 3, 1])?;
        let y = self.norm.emit(g, "norm", y)?;
        let y = self.mlp.emit(g, "mlp", y)?;
        let gamma = g.value("gamma", &self.gamma)?;
        let y = g.mul(y, gamma)?;
        let y = g.permute(y, &[0, 3, 1, 2])?;
        g.add(x, y)
    }
}
