//! EfficientNet-Lite on the CPU: packed weights, channels-last slices.

use super::{
    HEAD,
    conv::{Conv, same_padding},
    depthwise::Depthwise,
    tower::{Tower, check},
};
use crate::{
    Result,
    blocks::Linear,
    dual::SliceTower,
    ops::Activation,
    vit::{FusedLinear, values},
};
use candle_core::Tensor;

/// The tower over packed weights.
pub(super) struct FusedEfficientNet {
    stem: FusedLinear<f32>,
    blocks: Vec<FusedBlock>,
    head: FusedLinear<f32>,
}

struct FusedBlock {
    widen: Option<FusedLinear<f32>>,
    depthwise: Depthwise,
    narrow: FusedLinear<f32>,
    residual: bool,
}

impl FusedEfficientNet {
    pub(super) fn new(tower: &Tower) -> Result<Self> {
        let block = |b: &super::tower::Block| -> Result<FusedBlock> {
            Ok(FusedBlock {
                widen: b.widen.as_ref().map(linear).transpose()?,
                depthwise: Depthwise::new(&b.depthwise)?,
                narrow: linear(&b.narrow)?,
                residual: b.residual,
            })
        };
        Ok(Self {
            stem: linear(&tower.stem)?,
            blocks: tower.blocks.iter().map(block).collect::<Result<_>>()?,
            head: linear(&tower.head)?,
        })
    }
}

/// A convolution as a product over its patches `[in, k, k]`; a 1x1 one over the pixels themselves.
fn linear(conv: &Conv) -> Result<FusedLinear<f32>> {
    let weight = conv.weight.flatten_from(1)?;
    FusedLinear::new(&Linear { weight, bias: Some(conv.bias.clone()) })
}

impl FusedBlock {
    /// `x [B, H, W, C]` to the block's output and its height and width.
    fn forward(&self, x: Vec<f32>, batch: usize, size: (usize, usize)) -> (Vec<f32>, (usize, usize)) {
        let wide = match &self.widen {
            Some(widen) => {
                let mut wide = vec![0.0; batch * size.0 * size.1 * widen.outputs()];
                widen.store(&x, Some(Activation::Relu6), &mut wide);
                Some(wide)
            }
            None => None,
        };
        let wide = wide.as_ref().unwrap_or(&x);
        let out_size = self.depthwise.out(size);
        let places = batch * out_size.0 * out_size.1;
        let mut middle = vec![0.0; places * (wide.len() / (batch * size.0 * size.1))];
        self.depthwise.forward(wide, size, &mut middle);
        if self.residual {
            let mut out = x;
            self.narrow.add_to(&middle, None, &mut out);
            (out, out_size)
        } else {
            let mut out = vec![0.0; places * self.narrow.outputs()];
            self.narrow.store(&middle, None, &mut out);
            (out, out_size)
        }
    }
}

impl SliceTower for FusedEfficientNet {
    fn features(&self, pixels: &Tensor) -> Result<Vec<f32>> {
        let (batch, height, width) = check(pixels)?;
        let mut size = (height.div_ceil(2), width.div_ceil(2));
        let patches = stem_patches(&values(pixels)?, (height, width));
        let mut x = vec![0.0; batch * size.0 * size.1 * self.stem.outputs()];
        self.stem.store(&patches, Some(Activation::Relu6), &mut x);
        for block in &self.blocks {
            (x, size) = block.forward(x, batch, size);
        }
        let places = size.0 * size.1;
        let mut last = vec![0.0; batch * places * HEAD];
        self.head.store(&x, Some(Activation::Relu6), &mut last);
        let mut features = Vec::with_capacity(batch * HEAD);
        for image in last.chunks_exact(places * HEAD) {
            let mut sums = vec![0f64; HEAD];
            for pixel in image.chunks_exact(HEAD) {
                sums.iter_mut().zip(pixel).for_each(|(sum, x)| *sum += f64::from(*x));
            }
            features.extend(sums.iter().map(|sum| (sum / places as f64) as f32));
        }
        Ok(features)
    }
}

/// The 3x3 patches at stride 2 of `pixels [B, 3, H, W]`, as rows `[3, 3, 3]`; what lies on the padding is zero.
fn stem_patches(pixels: &[f32], (height, width): (usize, usize)) -> Vec<f32> {
    const SIDE: usize = 3;
    let (rows, columns) = (height.div_ceil(2), width.div_ceil(2));
    let (top, left) = (same_padding(height, SIDE, 2).0, same_padding(width, SIDE, 2).0);
    let plane = height * width;
    let mut out = Vec::with_capacity(pixels.len() / (3 * plane) * rows * columns * 3 * SIDE * SIDE);
    for image in pixels.chunks_exact(3 * plane) {
        for row in 0..rows {
            for column in 0..columns {
                for channel in image.chunks_exact(plane) {
                    for dy in 0..SIDE {
                        let y = (2 * row + dy).checked_sub(top).filter(|y| *y < height);
                        out.extend((0..SIDE).map(|dx| {
                            let x = (2 * column + dx).checked_sub(left).filter(|x| *x < width);
                            y.zip(x).map_or(0.0, |(y, x)| channel[y * width + x])
                        }));
                    }
                }
            }
        }
    }
    out
}
