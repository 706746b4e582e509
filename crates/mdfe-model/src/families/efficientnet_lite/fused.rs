//! EfficientNet-Lite on the CPU: folded and packed weights, channels-last slices.

use super::{
    blocks_of,
    conv::{Conv, by_places, by_taps},
    tower::{Block, STEM_WINDOW, Tower, size_of},
};
use crate::{
    Result,
    blocks::Linear,
    fused::{FusedLinear, values},
    ops::{Activation, Axes, Depthwise, Element, Number, Window, mean, reserve},
    size::Size,
    tower::SliceTower,
};
use candle_core::Tensor;
use mdfe_simd::Level;
use rayon::prelude::*;

/// Images that one task takes through the whole tower: enough that the weights of the last stages are worth fetching, few
/// enough that the maps of the first ones stay near the CPU.
const IMAGES: usize = 4;
const RELU6: Option<Activation> = Some(Activation::Relu6);

/// A tower that computes the products of its blocks in `E`.
pub(crate) struct FusedEfficientNet<E> {
    /// Its patches have an odd number of values, so that it stays f32.
    stem: FusedLinear<f32>,
    blocks: Vec<FusedBlock<E>>,
    head: FusedLinear<E>,
}

struct FusedBlock<E> {
    widen: Option<FusedLinear<E>>,
    window: Window,
    /// `[k · k, C]`.
    kernel: Vec<f32>,
    /// `[C]`.
    bias: Vec<f32>,
    narrow: FusedLinear<E>,
    residual: bool,
}

/// Memory of one task.
struct Scratch<E> {
    /// The narrow maps between blocks, `[B, H, W, C]`, and what is left behind them of larger ones.
    x: Vec<f32>,
    /// The same as the next product reads them.
    read: Vec<E>,
    wide: Vec<f32>,
    convolved: Vec<E>,
}

impl<E: Element> FusedEfficientNet<E> {
    pub(super) fn new(tower: &Tower) -> Result<Self> {
        let (stem, bias) = tower.stem.folded()?;
        Ok(Self {
            stem: FusedLinear::new(&Linear { weight: by_places(&stem)?, bias: Some(bias) })?,
            blocks: tower.blocks.iter().map(FusedBlock::new).collect::<Result<_>>()?,
            head: product(&tower.head)?,
        })
    }

    /// The map behind the first `blocks` blocks, in `scratch.x`, and its axes.
    fn maps(&self, pixels: &[f32], size: Size, blocks: usize, scratch: &mut Scratch<E>) -> Axes {
        let Size { height, width } = size;
        let batch = pixels.len() / (3 * size.area());
        let mut axes = Axes { height, width, channels: 3 }.behind(STEM_WINDOW);
        axes.channels = self.stem.outputs();
        let patches = patches(pixels, size);
        self.stem.store(&patches, RELU6, reserve(&mut scratch.x, batch * axes.image()));
        for block in &self.blocks[..blocks] {
            axes = block.forward(batch, axes, scratch);
        }
        axes
    }

    /// Features of some images, `pixels [B, 3, H, W]` to `features [B, D_in]`.
    fn run(&self, pixels: &[f32], size: Size, features: &mut [f32]) {
        let mut scratch = Scratch::new();
        let batch = features.len() / self.head.outputs();
        let mut axes = self.maps(pixels, size, self.blocks.len(), &mut scratch);
        let read = narrowed(&scratch.x[..batch * axes.image()], &mut scratch.read);
        axes.channels = self.head.outputs();
        let last = reserve(&mut scratch.wide, batch * axes.image());
        self.head.store(read, RELU6, last);
        let images = last.chunks_exact(axes.image());
        features.chunks_exact_mut(axes.channels).zip(images).for_each(|(out, image)| mean(image, out));
    }
}

impl<E> Scratch<E> {
    fn new() -> Self {
        Self { x: Vec::new(), read: Vec::new(), wide: Vec::new(), convolved: Vec::new() }
    }
}

impl<E: Element> FusedBlock<E> {
    fn new(block: &Block) -> Result<Self> {
        let (kernel, bias) = block.depthwise.folded()?;
        Ok(Self {
            widen: block.widen.as_ref().map(product).transpose()?,
            window: block.window,
            kernel: values(&by_taps(&kernel)?)?,
            bias: values(&bias)?,
            narrow: product(&block.narrow)?,
            residual: block.residual,
        })
    }

    /// `scratch.x [B, H, W, C]` to the block's output there, and its axes.
    fn forward(&self, batch: usize, axes: Axes, scratch: &mut Scratch<E>) -> Axes {
        let middle = Axes { channels: self.bias.len(), ..axes };
        let behind = middle.behind(self.window);
        let convolved = reserve(&mut scratch.convolved, batch * behind.image());
        let depthwise = Depthwise { window: self.window, kernel: &self.kernel, bias: &self.bias, act: RELU6 };
        let x = &scratch.x[..batch * axes.image()];
        let level = Level::current();
        match &self.widen {
            Some(widen) => {
                let wide = reserve(&mut scratch.wide, batch * middle.image());
                widen.store(narrowed(x, &mut scratch.read), RELU6, wide);
                depthwise.write(level, wide, middle, convolved);
            }
            None => depthwise.write(level, x, middle, convolved),
        }
        let out = Axes { channels: self.narrow.outputs(), ..behind };
        if self.residual {
            self.narrow.add_to(convolved, None, &mut scratch.x[..batch * out.image()]);
        } else {
            self.narrow.store(convolved, None, reserve(&mut scratch.x, batch * out.image()));
        }
        out
    }
}

impl<E: Element> SliceTower for FusedEfficientNet<E> {
    fn features(&self, pixels: &Tensor) -> Result<Vec<f32>> {
        let (batch, size) = (pixels.dim(0)?, size_of(pixels)?);
        let (pixels, dim) = (values(pixels)?, self.head.outputs());
        let mut features = vec![0.0; batch * dim];
        // A small batch is shared among the threads; images do not see each other, so that their number changes nothing.
        let together = batch.div_ceil(rayon::current_num_threads()).clamp(1, IMAGES);
        features
            .par_chunks_mut(together * dim)
            .zip(pixels.par_chunks(together * 3 * size.area()))
            .for_each(|(features, pixels)| self.run(pixels, size, features));
        Ok(features)
    }

    fn front(&self, pixels: &Tensor, stages: usize) -> Result<Option<Tensor>> {
        let (batch, size) = (pixels.dim(0)?, size_of(pixels)?);
        let pixels = values(pixels)?;
        let together = batch.div_ceil(rayon::current_num_threads()).clamp(1, IMAGES);
        let parts: Vec<(Axes, Vec<f32>)> = pixels
            .par_chunks(together * 3 * size.area())
            .map(|pixels| {
                let mut scratch = Scratch::new();
                let axes = self.maps(pixels, size, blocks_of(stages), &mut scratch);
                let images = pixels.len() / (3 * size.area());
                scratch.x.truncate(images * axes.image());
                (axes, scratch.x)
            })
            .collect();
        let Some(&(Axes { height, width, channels }, _)) = parts.first() else { return Ok(None) };
        let maps: Vec<f32> = parts.into_iter().flat_map(|(_, maps)| maps).collect();
        Ok(Some(Tensor::from_vec(maps, (batch, height, width, channels), &candle_core::Device::Cpu)?))
    }
}

/// A 1x1 convolution.
fn product<E: Element>(conv: &Conv) -> Result<FusedLinear<E>> {
    let (weight, bias) = conv.folded()?;
    FusedLinear::new(&Linear { weight: weight.flatten_from(1)?, bias: Some(bias) })
}

/// `x` in the type that products read.
fn narrowed<'a, E: Number>(x: &[f32], out: &'a mut Vec<E>) -> &'a [E] {
    out.clear();
    out.extend(x.iter().map(|x| E::from_f32(*x)));
    out
}

/// The patches that the stem sees of `pixels [B, 3, H, W]`, as rows `[dy, dx, 3]`; what lies on the padding is zero.
fn patches(pixels: &[f32], image: Size) -> Vec<f32> {
    let Size { height, width } = image;
    let Window { size, stride } = STEM_WINDOW;
    let (top, left) = (STEM_WINDOW.before(height), STEM_WINDOW.before(width));
    let (rows, columns) = (STEM_WINDOW.outputs(height), STEM_WINDOW.outputs(width));
    let plane = height * width;
    let mut out = vec![0.0; pixels.len() / plane * rows * columns * size * size];
    let mut patch = out.chunks_exact_mut(3 * size * size);
    for image in pixels.chunks_exact(3 * plane) {
        for row in 0..rows {
            for (column, patch) in (0..columns).zip(&mut patch) {
                for (tap, place) in patch.chunks_exact_mut(3).enumerate() {
                    let y = (stride * row + tap / size).wrapping_sub(top);
                    let x = (stride * column + tap % size).wrapping_sub(left);
                    if y < height && x < width {
                        for (channel, value) in place.iter_mut().enumerate() {
                            *value = image[channel * plane + y * width + x];
                        }
                    }
                }
            }
        }
    }
    out
}
