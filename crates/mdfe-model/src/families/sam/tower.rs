//! SAM's encoder as tensors.

use super::{
    SamConfig,
    relative::{self, Relative},
    windows::Windows,
};
use crate::{
    Result, Weights,
    blocks::{LayerNorm, Linear, Mlp, Mode, PatchEmbed, SCORES_AT_ONCE, Up, resample_positions, softmax},
    graph::{Graph, Value},
    ops::Activation,
    size::Size,
    tower::TensorTower,
    vit::VitSize,
};
use candle_core::Tensor;

/// What the neck's norms add to the variance: timm's `LayerNorm2d`.
const NECK_EPS: f64 = 1e-6;

/// The whole encoder.
pub(crate) struct Tower {
    pub(super) patch: PatchEmbed,
    /// `[P, D]`, for `grid`.
    pub(super) positions: Tensor,
    pub(super) grid: Size,
    pub(super) blocks: Vec<Block>,
    pub(super) neck: Option<Neck>,
}

/// A block with its relative positions.
pub(super) struct Block {
    pub(super) norm1: LayerNorm,
    pub(super) qkv: Linear,
    pub(super) proj: Linear,
    pub(super) heads: usize,
    pub(super) relative: Relative,
    /// The side of its windows; none for the whole map.
    pub(super) window: Option<usize>,
    pub(super) norm2: LayerNorm,
    pub(super) mlp: Mlp,
}

/// 1x1 convolution, norm, 3x3 convolution, norm.
pub(super) struct Neck {
    pub(super) linear: Linear,
    pub(super) norm1: LayerNorm,
    pub(super) conv: Tensor,
    pub(super) norm2: LayerNorm,
}

impl Tower {
    pub(super) fn load(config: &SamConfig, w: &Weights, proj_layer: bool) -> Result<Self> {
        let VitSize { width, patch_size, depth, .. } = config.size;
        let grid = config.size.grid();
        let blocks =
            (0..depth).map(|i| Block::load(config, &w.at("blocks").at(i), i)).collect::<Result<_>>()?;
        w.allow_unused("head.");
        let neck = if proj_layer { Some(Neck::load(config, &w.at("neck"))?) } else { None };
        if neck.is_none() {
            w.allow_unused("neck.");
        }
        Ok(Self {
            patch: PatchEmbed::load(&w.at("patch_embed").at("proj"), width, patch_size, true)?,
            positions: w
                .get("pos_embed", &[1, grid.height, grid.width, width])?
                .reshape((grid.area(), width))?,
            grid,
            blocks,
            neck,
        })
    }

    /// `pixels [B, 3, H, W]` to patches with their positions, `[B, h, w, D]`.
    pub(super) fn embed(&self, pixels: &Tensor) -> Result<Tensor> {
        let grid = self.patch.grid(pixels)?;
        let positions = match grid == self.grid {
            true => self.positions.clone(),
            false => resample_positions(&self.positions, self.grid, grid)?,
        };
        let x = self.patch.forward(pixels)?.broadcast_add(&positions)?;
        Ok(x.reshape((pixels.dim(0)?, grid.height, grid.width, ()))?)
    }

    /// The mean over the map `x [B, h, w, D]`, behind the neck if it is wanted.
    pub(super) fn pool(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        let x = match &self.neck {
            Some(neck) => neck.forward(x, mode)?,
            None => x.clone(),
        };
        Ok(x.flatten(1, 2)?.mean(1)?)
    }
}

impl TensorTower for Tower {
    fn forward(&self, pixels: &Tensor, mode: Mode) -> Result<Tensor> {
        let mut x = self.embed(pixels)?;
        for block in &self.blocks {
            x = block.forward(&x, mode)?;
        }
        self.pool(&x, mode)
    }

    fn emit(&self, graph: &mut Graph) -> Result<Value> {
        self.emit_all(graph)
    }

    fn any_weight(&self) -> &Tensor {
        &self.patch.linear.weight
    }
}

impl Block {
    fn load(config: &SamConfig, w: &Weights, i: usize) -> Result<Self> {
        let VitSize { width, heads, mlp_dim, .. } = config.size;
        let window = config.window(i);
        let Size { height, width: columns } = window.map_or(config.size.grid(), Size::square);
        let (attn, mlp) = (w.at("attn"), w.at("mlp"));
        let norm = |name: &str| LayerNorm::load(&w.at(name), width, config.norm_eps);
        let table = |key: &str, side: usize| attn.get(key, &[2 * side - 1, width / heads]);
        let up = Up::Plain { fc: Linear::load(&mlp.at("fc1"), mlp_dim, width)?, act: Activation::Gelu };
        Ok(Self {
            norm1: norm("norm1")?,
            qkv: Linear::load(&attn.at("qkv"), 3 * width, width)?,
            proj: Linear::load(&attn.at("proj"), width, width)?,
            heads,
            relative: Relative { rows: table("rel_pos_h", height)?, columns: table("rel_pos_w", columns)? },
            window,
            norm2: norm("norm2")?,
            mlp: Mlp { up, norm: None, down: Linear::load(&mlp.at("fc2"), width, mlp_dim)? },
        })
    }

    /// `x [B, h, w, D]` to the same shape.
    fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        let (_, height, width, _) = x.dims4()?;
        let windows = Windows::new(Size { height, width }, self.window);
        let split = windows.split(&self.norm1.forward(x, mode)?)?;
        let attended = self.attend(&split, windows.window, mode)?;
        let x = (x + windows.join(&self.proj.forward(&attended)?)?)?;
        let y = self.mlp.forward(&self.norm2.forward(&x, mode)?, mode)?;
        Ok((x + y)?)
    }

    /// Attention within each window: `x [N, T, D]` to the same shape, the scores of a few rows of queries at a time.
    fn attend(&self, x: &Tensor, window: Size, mode: Mode) -> Result<Tensor> {
        let Size { height: h, width: w } = window;
        let (n, t, width) = x.dims3()?;
        let (heads, d) = (self.heads, width / self.heads);
        let qkv = self.qkv.forward(x)?.reshape((n, t, 3, heads, d))?;
        let part = |i: usize| -> Result<Tensor> {
            Ok(qkv.narrow(2, i, 1)?.squeeze(2)?.transpose(1, 2)?.contiguous()?.reshape((n * heads, t, d))?)
        };
        let (q, k, v) = (part(0)?, part(1)?.t()?, part(2)?);
        let Relative { rows, columns } = &self.relative;
        let (rows, columns) = (relative::pairs(rows, h)?, relative::pairs(columns, w)?);
        let at_once = match mode {
            Mode::Inference => (SCORES_AT_ONCE / (n * heads * w * t)).clamp(1, h),
            Mode::Training => h,
        };
        let mut parts = Vec::new();
        for first in (0..h).step_by(at_once) {
            let count = at_once.min(h - first);
            let q = q.narrow(1, first * w, count * w)?.contiguous()?;
            let bias = bias(&q, &rows.narrow(0, first, count)?, &columns)?;
            let scores = ((q * (1.0 / (d as f64).sqrt()))?.matmul(&k)? + bias)?;
            parts.push(softmax(&scores, mode)?.matmul(&v)?);
        }
        let y = Tensor::cat(&parts, 1)?.reshape((n, heads, t, d))?.transpose(1, 2)?;
        Ok(y.contiguous()?.reshape((n, t, width))?)
    }
}

/// `q · R_h + q · R_w` for the queries `q [N, rows w, d]`, with `rows [rows, h, d]` and `columns [w, w, d]`, as
/// `[N, rows w, h w]`.
fn bias(q: &Tensor, rows: &Tensor, columns: &Tensor) -> Result<Tensor> {
    let (n, _, d) = q.dims3()?;
    let (count, h, _) = rows.dims3()?;
    let w = columns.dim(0)?;
    let q = q.reshape((n, count, w, d))?;
    // One product for each row of queries, and one for each column.
    let by_row = q.transpose(0, 1)?.contiguous()?.reshape((count, n * w, d))?;
    let by_row = by_row.matmul(&rows.t()?.contiguous()?)?.reshape((count, n, w, h))?.transpose(0, 1)?;
    let by_column = q.permute((2, 0, 1, 3))?.contiguous()?.reshape((w, n * count, d))?;
    let by_column =
        by_column.matmul(&columns.t()?.contiguous()?)?.reshape((w, n, count, w))?.permute((1, 2, 0, 3))?;
    let sum = by_row.unsqueeze(4)?.broadcast_add(&by_column.unsqueeze(3)?)?;
    Ok(sum.contiguous()?.reshape((n, count * w, h * w))?)
}

impl Neck {
    fn load(config: &SamConfig, w: &Weights) -> Result<Self> {
        let (width, out) = (config.size.width, config.neck_dim);
        let weight = w.at(0).get("weight", &[out, width, 1, 1])?.flatten_from(1)?;
        Ok(Self {
            linear: Linear { weight, bias: None },
            norm1: LayerNorm::load(&w.at(1), out, NECK_EPS)?,
            conv: w.at(2).get("weight", &[out, out, 3, 3])?,
            norm2: LayerNorm::load(&w.at(3), out, NECK_EPS)?,
        })
    }

    /// `x [B, h, w, D]` to `[B, h, w, neck_dim]`.
    fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        let y = self.norm1.forward(&self.linear.forward(x)?, mode)?;
        let y = y.permute((0, 3, 1, 2))?.contiguous()?.conv2d(&self.conv, 1, 1, 1, 1)?;
        self.norm2.forward(&y.permute((0, 2, 3, 1))?.contiguous()?, mode)
    }
}
