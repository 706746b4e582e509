//! SAM's encoder as operations.

use super::{
    relative,
    tower::{Block, Neck, Tower},
    windows::Windows,
};
use crate::{
    Error, Result,
    blocks::resample_positions,
    graph::{BATCH, ConvWindow, Graph, Value},
    size::Size,
};

impl Tower {
    pub(super) fn emit_all(&self, g: &mut Graph) -> Result<Value> {
        let map = self.patch.emit(g, g.pixels())?;
        let x = g.permute(map, &[0, 2, 3, 1])?;
        let &[_, height, width, channels] = g.shape(x) else {
            return Err(Error::Invalid("patches are a map [B, D, h, w]".to_owned()));
        };
        let grid = Size { height, width };
        let positions = match grid == self.grid {
            true => self.positions.clone(),
            false => resample_positions(&self.positions, self.grid, grid)?,
        };
        let positions = g.value("positions", &positions.reshape((height, width, channels))?)?;
        let mut x = g.add(x, positions)?;
        for (i, block) in self.blocks.iter().enumerate() {
            x = g.within(format!("blocks.{i}"), |g| block.emit(g, x))?;
        }
        if let Some(neck) = &self.neck {
            x = g.within("neck", |g| neck.emit(g, x))?;
        }
        let channels = g.shape(x).last().copied().unwrap_or_default();
        let flat = g.reshape(x, &[BATCH, grid.area(), channels])?;
        g.mean(flat, 1)
    }
}

impl Block {
    /// `x [B, h, w, D]` to the same shape.
    fn emit(&self, g: &mut Graph, x: Value) -> Result<Value> {
        let &[_, height, width, _] = g.shape(x) else {
            return Err(Error::Invalid("a block of SAM is over [B, h, w, D]".to_owned()));
        };
        let windows = Windows::new(Size { height, width }, self.window);
        let y = self.norm1.emit(g, "norm1", x)?;
        let y = windows.emit_split(g, y)?;
        let y = self.emit_attention(g, y, windows.window)?;
        let y = self.proj.emit(g, "proj", y)?;
        let y = windows.emit_join(g, y)?;
        let x = g.add(x, y)?;
        let y = self.norm2.emit(g, "norm2", x)?;
        let y = self.mlp.emit(g, "mlp", y)?;
        g.add(x, y)
    }

    /// Attention within each window: `x [B, windows, T, D]` to the same shape.
    fn emit_attention(&self, g: &mut Graph, x: Value, window: Size) -> Result<Value> {
        let &[_, windows, tokens, width] = g.shape(x) else {
            return Err(Error::Invalid("windows are [B, windows, T, D]".to_owned()));
        };
        let (heads, d) = (self.heads, width / self.heads);
        let qkv = self.qkv.emit(g, "qkv", x)?;
        let mut part = |i: usize| -> Result<Value> {
            let part = g.slice(qkv, 3, i * width, width)?;
            let part = g.reshape(part, &[BATCH, windows, tokens, heads, d])?;
            let part = g.permute(part, &[0, 1, 3, 2, 4])?;
            g.reshape(part, &[BATCH, windows * heads, tokens, d])
        };
        let (q, k, v) = (part(0)?, part(1)?, part(2)?);
        let bias = self.emit_bias(g, q, window)?;
        let (scaled, keys) = (g.scale(q, 1.0 / (d as f64).sqrt()), g.transpose(k)?);
        let scores = g.matmul(scaled, keys)?;
        let scores = g.add(scores, bias)?;
        let shares = g.softmax(scores);
        let y = g.matmul(shares, v)?;
        let y = g.reshape(y, &[BATCH, windows, heads, tokens, d])?;
        let y = g.permute(y, &[0, 1, 3, 2, 4])?;
        g.reshape(y, &[BATCH, windows, tokens, width])
    }

    /// `q · R_h + q · R_w` for `q [B, N, h w, d]`, as `[B, N, h w, h w]`.
    fn emit_bias(&self, g: &mut Graph, q: Value, window: Size) -> Result<Value> {
        let Size { height: h, width: w } = window;
        let &[_, n, tokens, d] = g.shape(q) else {
            return Err(Error::Invalid("queries are [B, N, T, d]".to_owned()));
        };
        let rows = g.value("rows", &relative::pairs(&self.relative.rows, h)?.transpose(1, 2)?)?;
        let columns = g.value("columns", &relative::pairs(&self.relative.columns, w)?.transpose(1, 2)?)?;
        let q = g.reshape(q, &[BATCH, n, h, w, d])?;
        // [B, N, h, w, d] · [h, d, h'] and, columns first, [B, N, w, h, d] · [w, d, w'].
        let by_row = g.matmul(q, rows)?;
        let q = g.permute(q, &[0, 1, 3, 2, 4])?;
        let by_column = g.matmul(q, columns)?;
        let by_column = g.permute(by_column, &[0, 1, 3, 2, 4])?;
        let by_row = g.reshape(by_row, &[BATCH, n, h, w, h, 1])?;
        let by_column = g.reshape(by_column, &[BATCH, n, h, w, 1, w])?;
        let sum = g.add(by_row, by_column)?;
        g.reshape(sum, &[BATCH, n, tokens, tokens])
    }
}

impl Windows {
    /// `x [B, H, W, C]` to `[B, windows, tokens, C]`.
    fn emit_split(&self, g: &mut Graph, x: Value) -> Result<Value> {
        let channels = g.shape(x).last().copied().unwrap_or_default();
        let (Size { height: wh, width: ww }, Size { height: down, width: across }) =
            (self.window, self.count);
        let x = g.pad_end(x, 1, down * wh)?;
        let x = g.pad_end(x, 2, across * ww)?;
        let x = g.reshape(x, &[BATCH, down, wh, across, ww, channels])?;
        let x = g.permute(x, &[0, 1, 3, 2, 4, 5])?;
        g.reshape(x, &[BATCH, self.count.area(), self.tokens(), channels])
    }

    /// The inverse, the padding gone.
    fn emit_join(&self, g: &mut Graph, x: Value) -> Result<Value> {
        let channels = g.shape(x).last().copied().unwrap_or_default();
        let (Size { height: wh, width: ww }, Size { height: down, width: across }) =
            (self.window, self.count);
        let x = g.reshape(x, &[BATCH, down, across, wh, ww, channels])?;
        let x = g.permute(x, &[0, 1, 3, 2, 4, 5])?;
        let x = g.reshape(x, &[BATCH, down * wh, across * ww, channels])?;
        let x = g.slice(x, 1, 0, self.map.height)?;
        g.slice(x, 2, 0, self.map.width)
    }
}

impl Neck {
    /// `x [B, h, w, D]` to `[B, h, w, neck_dim]`.
    fn emit(&self, g: &mut Graph, x: Value) -> Result<Value> {
        let y = self.linear.emit(g, "linear", x)?;
        let y = self.norm1.emit(g, "norm1", y)?;
        let y = g.permute(y, &[0, 3, 1, 2])?;
        let y = g.within("conv", |g| g.conv(y, &self.conv, None, ConvWindow::padded(1)))?;
        let y = g.permute(y, &[0, 2, 3, 1])?;
        self.norm2.emit(g, "norm2", y)
    }
}
