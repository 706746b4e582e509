//! EfficientNet-Lite as tensors, images `[B, H, W, C]`.

use super::{HEAD, STEM, Stage, blocks_of, conv::Conv};
use crate::{
    Error, Result, Weights,
    blocks::Mode,
    graph::{Graph, Value},
    ops::{Activation, Window},
    size::Size,
    tower::TensorTower,
};
use candle_core::Tensor;

/// Which window the stem has.
pub(super) const STEM_WINDOW: Window = Window { size: 3, stride: 2 };

/// The whole tower.
pub(crate) struct Tower {
    pub(super) stem: Conv,
    pub(super) blocks: Vec<Block>,
    pub(super) head: Conv,
}

/// A mobile inverted bottleneck.
pub(super) struct Block {
    /// 1x1 to the wide middle; none where the middle is as wide as the input.
    pub(super) widen: Option<Conv>,
    pub(super) depthwise: Conv,
    pub(super) window: Window,
    pub(super) narrow: Conv,
    /// Whether the input is added to the output.
    pub(super) residual: bool,
}

impl Tower {
    pub(super) fn load(w: &Weights, stages: &[Stage]) -> Result<Self> {
        let stem = Conv::load(w, "conv_stem", "bn1", &[STEM, 3, 3, 3])?;
        let (mut blocks, mut input) = (Vec::new(), STEM);
        for (s, stage) in stages.iter().enumerate() {
            for b in 0..stage.blocks {
                let stride = if b == 0 { stage.stride } else { 1 };
                blocks.push(Block::load(&w.at("blocks").at(s).at(b), input, &Stage { stride, ..*stage })?);
                input = stage.width;
            }
        }
        let head = Conv::load(w, "conv_head", "bn2", &[HEAD, input, 1, 1])?;
        w.allow_unused("classifier.");
        Ok(Self { stem, blocks, head })
    }
}

impl Tower {
    /// The blocks from `first` on, and the head.
    fn behind(&self, mut x: Tensor, first: usize) -> Result<Tensor> {
        for block in &self.blocks[first..] {
            x = block.forward(&x)?;
        }
        Ok(self.head.product(&x, Some(Activation::Relu6))?.flatten(1, 2)?.mean(1)?)
    }
}

impl Block {
    fn load(w: &Weights, input: usize, stage: &Stage) -> Result<Self> {
        let Stage { kernel, stride, expand, width, .. } = *stage;
        let wide = input * expand;
        let (window, residual) = (Window { size: kernel, stride }, stride == 1 && input == width);
        let depthwise = |norm| Conv::load(w, "conv_dw", norm, &[wide, 1, kernel, kernel]);
        // timm numbers the norms in the order of the convolutions, whose names depend on the kind of block.
        let (widen, depthwise, narrow) = if expand == 1 {
            (None, depthwise("bn1")?, Conv::load(w, "conv_pw", "bn2", &[width, wide, 1, 1])?)
        } else {
            let widen = Conv::load(w, "conv_pw", "bn1", &[wide, input, 1, 1])?;
            (Some(widen), depthwise("bn2")?, Conv::load(w, "conv_pwl", "bn3", &[width, wide, 1, 1])?)
        };
        Ok(Self { widen, depthwise, window, narrow, residual })
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let relu6 = Some(Activation::Relu6);
        let wide = match &self.widen {
            Some(conv) => conv.product(x, relu6)?,
            None => x.clone(),
        };
        let y = self.narrow.product(&self.depthwise.channelwise(&wide, self.window, relu6)?, None)?;
        if self.residual { Ok((y + x)?) } else { Ok(y) }
    }
}

impl TensorTower for Tower {
    fn forward(&self, pixels: &Tensor, _: Mode) -> Result<Tensor> {
        size_of(pixels)?;
        let x = pixels.permute((0, 2, 3, 1))?.contiguous()?;
        self.behind(self.stem.patches(&x, STEM_WINDOW, Some(Activation::Relu6))?, 0)
    }

    fn forward_from(&self, front: &Tensor, stages: usize, _: Mode) -> Result<Option<Tensor>> {
        self.behind(front.clone(), blocks_of(stages)).map(Some)
    }

    fn emit(&self, graph: &mut Graph) -> Result<Value> {
        self.emit_all(graph)
    }

    fn any_weight(&self) -> &Tensor {
        self.stem.weight()
    }
}

/// The height and width of `pixels [B, 3, H, W]`.
pub(super) fn size_of(pixels: &Tensor) -> Result<Size> {
    match pixels.dims() {
        &[_, 3, height, width] if height > 0 && width > 0 => Ok(Size { height, width }),
        other => Err(Error::Invalid(format!(
            "pixels are {other:?}, expected [batch, 3, height, width], none of them 0"
        ))),
    }
}
