//! Where the tokens of a map lie in its windows, padded with zeros on the right and below.

use crate::{Result, size::Size};
use candle_core::Tensor;

/// A map of H by W tokens, cut into windows.
#[derive(Clone, Copy)]
pub(super) struct Windows {
    /// H and W of the map.
    pub(super) map: Size,
    /// Rows and columns of one window.
    pub(super) window: Size,
    /// Windows along each axis.
    pub(super) count: Size,
}

/// Tokens that lie together among the windows' and in the map.
#[derive(Clone, Copy)]
pub(super) struct Run {
    /// The place of the first among the windows' tokens.
    pub(super) in_windows: usize,
    /// Its place in the map.
    pub(super) in_map: usize,
    /// How many there are.
    pub(super) tokens: usize,
}

impl Windows {
    /// Windows of `side`, or one as large as the map.
    pub(super) fn new(map: Size, side: Option<usize>) -> Self {
        let window = side.map_or(map, Size::square);
        let count =
            Size { height: map.height.div_ceil(window.height), width: map.width.div_ceil(window.width) };
        Self { map, window, count }
    }

    /// Tokens of one window.
    pub(super) fn tokens(&self) -> usize {
        self.window.area()
    }

    /// Tokens of all windows of one image, padding included.
    pub(super) fn padded(&self) -> usize {
        self.count.area() * self.tokens()
    }

    /// Whether windows and map have their tokens in the same order: one window, without padding.
    pub(super) fn whole(&self) -> bool {
        self.count == Size::square(1) && self.window == self.map
    }

    /// The tokens that lie together in both orders.
    pub(super) fn runs(&self) -> impl Iterator<Item = Run> + use<> {
        let (Self { map: Size { height, width }, count, .. }, tokens) = (*self, self.tokens());
        let Size { height: wh, width: ww } = self.window;
        (0..height).flat_map(move |y| {
            (0..width).step_by(ww).map(move |x| Run {
                in_windows: (y / wh * count.width + x / ww) * tokens + y % wh * ww,
                in_map: y * width + x,
                tokens: ww.min(width - x),
            })
        })
    }

    /// `x [B, H, W, C]` to `[B windows, tokens, C]`.
    pub(super) fn split(&self, x: &Tensor) -> Result<Tensor> {
        let (b, h, w, c) = x.dims4()?;
        let (Size { height: wh, width: ww }, Size { height: down, width: across }) =
            (self.window, self.count);
        let padded = x.pad_with_zeros(1, 0, down * wh - h)?.pad_with_zeros(2, 0, across * ww - w)?;
        let split = padded
            .contiguous()?
            .reshape(vec![b, down, wh, across, ww, c])?
            .permute(vec![0, 1, 3, 2, 4, 5])?;
        Ok(split.contiguous()?.reshape((b * down * across, wh * ww, c))?)
    }

    /// The inverse of [`Windows::split`], the padding gone.
    pub(super) fn join(&self, x: &Tensor) -> Result<Tensor> {
        let (Size { height: wh, width: ww }, Size { height: down, width: across }) =
            (self.window, self.count);
        let (b, c) = (x.dim(0)? / (down * across), x.dim(2)?);
        let joined = x.reshape(vec![b, down, across, wh, ww, c])?.permute(vec![0, 1, 3, 2, 4, 5])?;
        let joined = joined.contiguous()?.reshape((b, down * wh, across * ww, c))?;
        Ok(joined.narrow(1, 0, self.map.height)?.narrow(2, 0, self.map.width)?.contiguous()?)
    }
}
