//! EfficientNet-Lite as tensors `[B, C, H, W]`.

use super::{
    HEAD, STEM, Stage,
    conv::{Conv, Shape},
};
use crate::{Error, Result, Weights, blocks::Mode, dual::TensorTower};
use candle_core::Tensor;

/// The whole tower.
pub(super) struct Tower {
    pub(super) stem: Conv,
    pub(super) blocks: Vec<Block>,
    pub(super) head: Conv,
}

/// A mobile inverted bottleneck.
pub(super) struct Block {
    /// 1x1 to the wide middle; none where the middle is as wide as the input.
    pub(super) widen: Option<Conv>,
    pub(super) depthwise: Conv,
    pub(super) narrow: Conv,
    /// Whether the input is added to the output.
    pub(super) residual: bool,
}

impl Tower {
    pub(super) fn load(w: &Weights, stages: &[Stage]) -> Result<Self> {
        let stem = Shape { input: 3, out: STEM, kernel: 3, stride: 2, groups: 1 };
        let stem = Conv::load(w, ("conv_stem", "bn1"), stem)?;
        let (mut blocks, mut input) = (Vec::new(), STEM);
        for (s, stage) in stages.iter().enumerate() {
            for b in 0..stage.blocks {
                let stride = if b == 0 { stage.stride } else { 1 };
                blocks.push(Block::load(&w.at("blocks").at(s).at(b), input, &Stage { stride, ..*stage })?);
                input = stage.width;
            }
        }
        let head = Conv::load(w, ("conv_head", "bn2"), pointwise(input, HEAD))?;
        Ok(Self { stem, blocks, head })
    }
}

impl Block {
    fn load(w: &Weights, input: usize, stage: &Stage) -> Result<Self> {
        let Stage { kernel, stride, expand, width, .. } = *stage;
        let wide = input * expand;
        let depthwise = Shape { input: wide, out: wide, kernel, stride, groups: wide };
        let narrow = pointwise(wide, width);
        let residual = stride == 1 && input == width;
        // timm numbers the norms in the order of the convolutions, whose names depend on the kind of block.
        let (widen, depthwise, narrow) = if expand == 1 {
            (None, Conv::load(w, ("conv_dw", "bn1"), depthwise)?, Conv::load(w, ("conv_pw", "bn2"), narrow)?)
        } else {
            let widen = Conv::load(w, ("conv_pw", "bn1"), pointwise(input, wide))?;
            let depthwise = Conv::load(w, ("conv_dw", "bn2"), depthwise)?;
            (Some(widen), depthwise, Conv::load(w, ("conv_pwl", "bn3"), narrow)?)
        };
        Ok(Self { widen, depthwise, narrow, residual })
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let wide = match &self.widen {
            Some(conv) => relu6(&conv.forward(x)?)?,
            None => x.clone(),
        };
        let y = self.narrow.forward(&relu6(&self.depthwise.forward(&wide)?)?)?;
        if self.residual { Ok((y + x)?) } else { Ok(y) }
    }
}

impl TensorTower for Tower {
    fn forward(&self, pixels: &Tensor, _: Mode) -> Result<Tensor> {
        check(pixels)?;
        let mut x = relu6(&self.stem.forward(pixels)?)?;
        for block in &self.blocks {
            x = block.forward(&x)?;
        }
        Ok(relu6(&self.head.forward(&x)?)?.mean((2, 3))?)
    }

    fn any_weight(&self) -> &Tensor {
        &self.stem.weight
    }
}

/// The batch, height and width of `pixels [B, 3, H, W]`.
pub(super) fn check(pixels: &Tensor) -> Result<(usize, usize, usize)> {
    match pixels.dims() {
        &[b, 3, h, w] if h > 0 && w > 0 => Ok((b, h, w)),
        other => Err(Error::Invalid(format!("EfficientNet-Lite takes pixels [B, 3, H, W], got {other:?}"))),
    }
}

fn pointwise(input: usize, out: usize) -> Shape {
    Shape { input, out, kernel: 1, stride: 1, groups: 1 }
}

fn relu6(x: &Tensor) -> Result<Tensor> {
    Ok(x.clamp(0f64, 6f64)?)
}
