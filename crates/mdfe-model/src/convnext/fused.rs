//! ConvNeXt on the CPU: packed weights, channels-last slices.

use super::{
    Block, Tower,
    tower::{WINDOW, grid},
};
use crate::{
    Result,
    blocks::{Mode, Up},
    dual::SliceTower,
    ops::{Activation, Axes, Depthwise, Element},
    vit::{FusedLinear, FusedNorm, values},
};
use candle_core::{Device, Tensor};

/// A tower that computes the products of its blocks in `E`.
pub(super) struct FusedConvNext<E> {
    /// Stem, norms and head; the blocks are packed and gone from it.
    tower: Tower,
    stages: Vec<FusedStage<E>>,
}

struct FusedStage<E> {
    downsample: Option<(FusedNorm, FusedLinear<E>)>,
    blocks: Vec<FusedBlock<E>>,
}

struct FusedBlock<E> {
    kernel: Vec<f32>,
    bias: Vec<f32>,
    norm: FusedNorm,
    up: FusedLinear<E>,
    act: Activation,
    down: FusedLinear<E>,
    gamma: Vec<f32>,
}

/// Memory of one forward pass; the widest stage decides.
struct Scratch<E> {
    convolved: Vec<f32>,
    narrow: Vec<E>,
    wide: Vec<E>,
}

impl<E: Element> FusedConvNext<E> {
    pub(super) fn new(mut tower: Tower) -> Result<Self> {
        let mut stages = Vec::new();
        for stage in &mut tower.stages {
            let downsample = match &stage.downsample {
                Some((norm, linear)) => Some((FusedNorm::new(norm)?, FusedLinear::new(linear)?)),
                None => None,
            };
            let blocks =
                stage.blocks.drain(..).map(|block| FusedBlock::new(&block)).collect::<Result<_>>()?;
            stages.push(FusedStage { downsample, blocks });
        }
        Ok(Self { tower, stages })
    }
}

impl<E: Element> FusedBlock<E> {
    fn new(block: &Block) -> Result<Self> {
        let (fc, act) = match &block.mlp.up {
            Up::Plain { fc, act } => (fc, *act),
            Up::GatedJoint { fc } | Up::GatedSplit { gate: fc, .. } => (fc, Activation::Silu),
        };
        Ok(Self {
            kernel: values(&block.kernel)?,
            bias: values(&block.bias)?,
            norm: FusedNorm::new(&block.norm)?,
            up: FusedLinear::new(fc)?,
            act,
            down: FusedLinear::new(&block.mlp.down)?,
            gamma: values(&block.gamma)?,
        })
    }

    fn forward(&self, x: &mut [f32], axes: Axes, scratch: &mut Scratch<E>) {
        let hidden = x.len() / axes.channels * self.up.outputs();
        scratch.convolved.resize(x.len(), 0.0);
        scratch.narrow.resize(x.len(), E::default());
        scratch.wide.resize(hidden, E::default());
        let depthwise = Depthwise { window: WINDOW, kernel: &self.kernel, bias: &self.bias, act: None };
        depthwise.write(x, axes, &mut scratch.convolved);
        self.norm.write(&scratch.convolved, &mut scratch.narrow);
        self.up.store(&scratch.narrow, Some(self.act), &mut scratch.wide);
        self.down.add_to(&scratch.wide, Some(&self.gamma), x);
    }
}

impl<E: Element> SliceTower for FusedConvNext<E> {
    fn features(&self, pixels: &Tensor) -> Result<Vec<f32>> {
        let (height, width) = grid(&self.tower.stem, self.stages.len(), pixels)?;
        let batch = pixels.dim(0)?;
        let stem = self.tower.stem.forward(pixels)?;
        let mut axes = Axes { height, width, channels: stem.dim(2)? };
        let mut x = values(&self.tower.stem_norm.forward(&stem, Mode::Inference)?)?;
        let mut scratch = Scratch { convolved: Vec::new(), narrow: Vec::new(), wide: Vec::new() };
        for stage in &self.stages {
            if let Some((norm, linear)) = &stage.downsample {
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
        let pooled = mean(&x, axes);
        let pooled = Tensor::from_vec(pooled, (batch, axes.channels), &Device::Cpu)?;
        values(&self.tower.end(&pooled, Mode::Inference)?)
    }
}

/// The 2x2 patches of `x [B, H, W, C]` as rows `[dy, dx, C]`; an odd last row or column is not seen.
fn pairs<'a, E: Element>(x: &[f32], axes: Axes, out: &'a mut Vec<E>) -> &'a [E] {
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

/// The mean over each image, `[B, C]`.
fn mean(x: &[f32], axes: Axes) -> Vec<f32> {
    let places = axes.height * axes.width;
    let mut means = Vec::new();
    for image in x.chunks_exact(places * axes.channels) {
        let mut sums = vec![0f64; axes.channels];
        for pixel in image.chunks_exact(axes.channels) {
            sums.iter_mut().zip(pixel).for_each(|(sum, x)| *sum += f64::from(*x));
        }
        means.extend(sums.iter().map(|sum| (sum / places as f64) as f32));
    }
    means
}
