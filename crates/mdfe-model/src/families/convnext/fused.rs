//! ConvNeXt on the CPU: packed weights, channels-last slices.

use super::tower::{Block, Downsample, Tower, WINDOW, grid};
use crate::{
    Result,
    blocks::Mode,
    fused::{FusedLinear, FusedMlp, FusedNorm, Hidden, values},
    ops::{Axes, Depthwise, Element, Number, mean},
    size::Size,
    tower::SliceTower,
};
use candle_core::{Device, Tensor};
use mdfe_simd::Level;

/// A tower that computes the products of its blocks in `E`.
pub(crate) struct FusedConvNext<E> {
    /// Stem, norms and head; the blocks are packed and gone from it.
    tower: Tower,
    stages: Vec<FusedStage<E>>,
}

struct FusedStage<E> {
    downsample: Option<FusedDownsample<E>>,
    blocks: Vec<FusedBlock<E>>,
}

struct FusedDownsample<E> {
    norm: FusedNorm,
    linear: FusedLinear<E>,
}

struct FusedBlock<E> {
    kernel: Vec<f32>,
    bias: Vec<f32>,
    norm: FusedNorm,
    mlp: FusedMlp<E>,
    gamma: Vec<f32>,
}

/// Memory of one forward pass; the widest stage decides.
#[derive(Default)]
struct Scratch<E> {
    convolved: Vec<f32>,
    narrow: Vec<E>,
    hidden: Hidden<E>,
}

impl<E: Element> FusedConvNext<E> {
    pub(super) fn new(mut tower: Tower) -> Result<Self> {
        let mut stages = Vec::new();
        for stage in &mut tower.stages {
            let downsample = stage.downsample.as_ref().map(FusedDownsample::new).transpose()?;
            let blocks =
                stage.blocks.drain(..).map(|block| FusedBlock::new(&block)).collect::<Result<_>>()?;
            stages.push(FusedStage { downsample, blocks });
        }
        Ok(Self { tower, stages })
    }
}

impl<E: Element> FusedDownsample<E> {
    fn new(downsample: &Downsample) -> Result<Self> {
        Ok(Self { norm: FusedNorm::new(&downsample.norm)?, linear: FusedLinear::new(&downsample.linear)? })
    }
}

impl<E: Element> FusedBlock<E> {
    fn new(block: &Block) -> Result<Self> {
        Ok(Self {
            kernel: values(&block.kernel)?,
            bias: values(&block.bias)?,
            norm: FusedNorm::new(&block.norm)?,
            mlp: FusedMlp::new(&block.mlp)?,
            gamma: values(&block.gamma)?,
        })
    }

    fn forward(&self, x: &mut [f32], axes: Axes, scratch: &mut Scratch<E>) {
        scratch.convolved.resize(x.len(), 0.0);
        scratch.narrow.resize(x.len(), E::default());
        let depthwise = Depthwise { window: WINDOW, kernel: &self.kernel, bias: &self.bias, act: None };
        depthwise.write(Level::current(), x, axes, &mut scratch.convolved);
        self.norm.write(&scratch.convolved, &mut scratch.narrow);
        let hidden = self.mlp.hidden(&scratch.narrow, &mut scratch.hidden);
        self.mlp.down.add_to(hidden, Some(&self.gamma), x);
    }
}

impl<E: Element> SliceTower for FusedConvNext<E> {
    fn features(&self, pixels: &Tensor) -> Result<Vec<f32>> {
        let Size { height, width } = grid(&self.tower.stem, self.stages.len(), pixels)?;
        let batch = pixels.dim(0)?;
        let stem = self.tower.stem.forward(pixels)?;
        let mut axes = Axes { height, width, channels: stem.dim(2)? };
        let mut x = values(&self.tower.stem_norm.forward(&stem, Mode::Inference)?)?;
        let mut scratch = Scratch::default();
        for stage in &self.stages {
            if let Some(FusedDownsample { norm, linear }) = &stage.downsample {
                norm.in_place(&mut x);
                let patches = pairs(&x, axes, &mut scratch.narrow);
                axes = Axes { height: axes.height / 2, width: axes.width / 2, channels: linear.outputs() };
                x.resize(batch * axes.height * axes.width * axes.channels, 0.0);
                linear.store(patches, None, &mut x);
            }
            for block in &stage.blocks {
                block.forward(&mut x, axes, &mut scratch);
            }
        }
        let mut pooled = vec![0.0; batch * axes.channels];
        let images = x.chunks_exact(axes.image());
        pooled.chunks_exact_mut(axes.channels).zip(images).for_each(|(out, image)| mean(image, out));
        let pooled = Tensor::from_vec(pooled, (batch, axes.channels), &Device::Cpu)?;
        values(&self.tower.end(&pooled, Mode::Inference)?)
    }
}

/// The 2x2 patches of `x [B, H, W, C]` as rows `[dy, dx, C]`; an odd last row or column is not seen.
fn pairs<'a, E: Number>(x: &[f32], axes: Axes, out: &'a mut Vec<E>) -> &'a [E] {
    let Axes { height, width, channels } = axes;
    out.clear();
    for image in x.chunks_exact(height * width * channels) {
        for row in 0..height / 2 {
            for column in 0..width / 2 {
                for dy in 0..2 {
                    let from = ((2 * row + dy) * width + 2 * column) * channels;
                    out.extend(image[from..from + 2 * channels].iter().map(|x| E::from_f32(*x)));
                }
            }
        }
    }
    out
}
