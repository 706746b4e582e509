//! ConvNeXt as tensors.

use super::{ConvNextConfig, ConvNextProjection};
use crate::{
    Error, Result, Weights,
    blocks::{LayerNorm, Linear, Mlp, Mode, PatchEmbed, Up, depthwise},
    graph::{Graph, Value},
    ops::{Activation, Window},
    size::Size,
    tower::TensorTower,
};
use candle_core::Tensor;

/// Pixels of the stem's patches.
const STEM: usize = 4;
/// Side of the depthwise kernels.
const KERNEL: usize = 7;
/// How they move.
pub(super) const WINDOW: Window = Window { size: KERNEL, stride: 1 };

/// The whole tower.
pub(crate) struct Tower {
    pub(super) stem: PatchEmbed,
    pub(super) stem_norm: LayerNorm,
    pub(super) stages: Vec<Stage>,
    /// The norm of the pooled features.
    pub(super) norm: LayerNorm,
    pub(super) head: Option<Head>,
}

/// A downsampling, except in the first, and blocks.
pub(super) struct Stage {
    pub(super) downsample: Option<Downsample>,
    pub(super) blocks: Vec<Block>,
}

/// A norm and a 2x2 convolution of stride 2.
pub(super) struct Downsample {
    pub(super) norm: LayerNorm,
    /// The convolution's kernel as a matrix over `[dy, dx, C]`.
    pub(super) linear: Linear,
}

/// `x + gamma · mlp(norm(depthwise(x)))`.
pub(super) struct Block {
    /// `[7 · 7, C]`, taps by rows.
    pub(super) kernel: Tensor,
    /// `[C]`.
    pub(super) bias: Tensor,
    pub(super) norm: LayerNorm,
    pub(super) mlp: Mlp,
    /// `[C]`.
    pub(super) gamma: Tensor,
}

/// OpenCLIP's output projection.
pub(super) enum Head {
    Linear(Linear),
    Mlp(Mlp),
}

impl Tower {
    pub(super) fn load(config: &ConvNextConfig, w: &Weights, proj_layer: bool) -> Result<Self> {
        let mut stages = Vec::new();
        let mut before = config.dims.first().copied().unwrap_or_default();
        let first = before;
        for (i, (&depth, &width)) in config.depths.iter().zip(&config.dims).enumerate() {
            let w = w.at("stages").at(i);
            let blocks = (0..depth)
                .map(|j| Block::load(config, &w.at("blocks").at(j), width))
                .collect::<Result<_>>()?;
            let downsample =
                (i > 0).then(|| Downsample::load(config, &w.at("downsample"), before, width)).transpose()?;
            stages.push(Stage { downsample, blocks });
            before = width;
        }
        let stem = w.at("stem");
        Ok(Self {
            stem: PatchEmbed::load(&stem.at(0), first, STEM, true)?,
            stem_norm: LayerNorm::load(&stem.at(1), first, config.norm_eps)?,
            stages,
            norm: LayerNorm::load(&w.at("head").at("norm"), before, config.head_norm_eps)?,
            head: Head::load(config, w, proj_layer)?,
        })
    }
}

impl Downsample {
    fn load(config: &ConvNextConfig, w: &Weights, from: usize, to: usize) -> Result<Self> {
        let conv = w.at(1);
        let weight = conv.get("weight", &[to, from, 2, 2])?.permute((0, 2, 3, 1))?.flatten_from(1)?;
        let linear = Linear { weight, bias: Some(conv.get("bias", &[to])?) };
        Ok(Self { norm: LayerNorm::load(&w.at(0), from, config.norm_eps)?, linear })
    }

    /// `x [B, H, W, C]` to `[B, H / 2, W / 2, C']`.
    fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        self.linear.forward(&pairs(&self.norm.forward(x, mode)?)?)
    }
}

impl Block {
    fn load(config: &ConvNextConfig, w: &Weights, width: usize) -> Result<Self> {
        let (conv, mlp) = (w.at("conv_dw"), w.at("mlp"));
        let kernel = conv.get("weight", &[width, 1, KERNEL, KERNEL])?;
        let up = Up::Plain { fc: Linear::load(&mlp.at("fc1"), 4 * width, width)?, act: Activation::Gelu };
        Ok(Self {
            kernel: kernel.flatten_from(1)?.t()?.contiguous()?,
            bias: conv.get("bias", &[width])?,
            norm: LayerNorm::load(&w.at("norm"), width, config.norm_eps)?,
            mlp: Mlp { up, norm: None, down: Linear::load(&mlp.at("fc2"), width, 4 * width)? },
            gamma: w.get("gamma", &[width])?,
        })
    }

    /// `x [B, H, W, C]` to the same shape.
    fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        let y = depthwise(x, &self.kernel, WINDOW)?.broadcast_add(&self.bias)?;
        let y = self.mlp.forward(&self.norm.forward(&y, mode)?, mode)?;
        Ok((x + y.broadcast_mul(&self.gamma)?)?)
    }
}

impl Head {
    fn load(config: &ConvNextConfig, w: &Weights, proj_layer: bool) -> Result<Option<Self>> {
        let (head, width) = (w.at("head"), config.width());
        let Some(out) = config.projected_dim.filter(|_| proj_layer) else {
            head.allow_unused("proj.");
            head.allow_unused("mlp.");
            return Ok(None);
        };
        Ok(Some(match config.projection {
            ConvNextProjection::Linear => Self::Linear(Linear::without_bias(&head.at("proj"), out, width)?),
            ConvNextProjection::Mlp => {
                let mlp = head.at("mlp");
                let fc = Linear::load(&mlp.at("fc1"), 2 * out, width)?;
                let down = Linear::without_bias(&mlp.at("fc2"), out, 2 * out)?;
                Self::Mlp(Mlp { up: Up::Plain { fc, act: Activation::Gelu }, norm: None, down })
            }
        }))
    }

    /// `pooled [B, C]` to the projection's width.
    pub(super) fn forward(&self, pooled: &Tensor, mode: Mode) -> Result<Tensor> {
        match self {
            Self::Linear(linear) => linear.forward(pooled),
            Self::Mlp(mlp) => mlp.forward(pooled, mode),
        }
    }
}

impl TensorTower for Tower {
    fn forward(&self, pixels: &Tensor, mode: Mode) -> Result<Tensor> {
        let Size { height, width } = grid(&self.stem, self.stages.len(), pixels)?;
        let x = self.stem_norm.forward(&self.stem.forward(pixels)?, mode)?;
        let mut x = x.reshape((pixels.dim(0)?, height, width, ()))?;
        for stage in &self.stages {
            if let Some(downsample) = &stage.downsample {
                x = downsample.forward(&x, mode)?;
            }
            for block in &stage.blocks {
                x = block.forward(&x, mode)?;
            }
        }
        let pooled = x.flatten(1, 2)?.mean(1)?;
        self.end(&pooled, mode)
    }

    fn emit(&self, graph: &mut Graph) -> Result<Value> {
        self.emit_all(graph)
    }

    fn any_weight(&self) -> &Tensor {
        &self.stem.linear.weight
    }
}

impl Tower {
    /// The norm of the pooled trunk and the projection, if it is wanted.
    pub(super) fn end(&self, pooled: &Tensor, mode: Mode) -> Result<Tensor> {
        let features = self.norm.forward(pooled, mode)?;
        match &self.head {
            Some(head) => head.forward(&features, mode),
            None => Ok(features),
        }
    }
}

/// Rows and columns behind the stem; each of the `stages` after the first halves them, so they must be enough.
pub(super) fn grid(stem: &PatchEmbed, stages: usize, pixels: &Tensor) -> Result<Size> {
    let grid = stem.grid(pixels)?;
    let least = 1 << stages.saturating_sub(1);
    if grid.height < least || grid.width < least {
        let (height, width, side) = (pixels.dim(2)?, pixels.dim(3)?, STEM * least);
        return Err(Error::Invalid(format!(
            "images of {height}x{width} are too small; ConvNeXt needs {side}x{side}"
        )));
    }
    Ok(grid)
}

/// `x [B, H, W, C]` to its 2x2 patches `[B, H / 2, W / 2, 4 C]`; an odd last row or column is not seen.
fn pairs(x: &Tensor) -> Result<Tensor> {
    let (b, h, w, c) = x.dims4()?;
    let (h2, w2) = (h / 2, w / 2);
    let even = x.narrow(1, 0, 2 * h2)?.narrow(2, 0, 2 * w2)?.contiguous()?;
    let split = even.reshape(vec![b, h2, 2, w2, 2, c])?.permute(vec![0, 1, 3, 2, 4, 5])?;
    Ok(split.contiguous()?.reshape((b, h2, w2, 4 * c))?)
}
