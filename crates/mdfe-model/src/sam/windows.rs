//! Where the tokens of a map lie in its windows, padded with zeros on the right and below.

use candle_core::Tensor;

use crate::Result;

/// A map of H by W tokens, cut into windows.
#[derive(Clone, Copy)]
pub(super) struct Windows {
    /// H and W of the map.
    pub(super) map: (usize, usize),
    /// Rows and columns of one window.
    pub(super) window: (usize, usize),
    /// Windows along each axis.
    pub(super) count: (usize, usize),
}

impl Windows {
    /// Windows of `side`, or one as large as the map.
    pub(super) fn new(map: (usize, usize), side: Option<usize>) -> Self {
        let window = side.map_or(map, |side| (side, side));
        Self { map, window, count: (map.0.div_ceil(window.0), map.1.div_ceil(window.1)) }
    }

    /// Tokens of one window.
    pub(super) fn tokens(&self) -> usize {
        self.window.0 * self.window.1
    }

    /// Tokens of all windows of one image, padding included.
    pub(super) fn padded(&self) -> usize {
        self.count.0 * self.count.1 * self.tokens()
    }

    /// Whether windows and map have their tokens in the same order: one window, without padding.
    pub(super) fn whole(&self) -> bool {
        self.count == (1, 1) && self.window == self.map
    }

    /// The place among the windows' tokens of the first token of each run that lies together in both, with its place in
    /// the map and its length.
    pub(super) fn runs(&self) -> impl Iterator<Item = (usize, usize, usize)> + use<> {
        let Self { map: (height, width), window: (wh, ww), count: (_, across) } = *self;
        (0..height).flat_map(move |y| {
            (0..width).step_by(ww).map(move |x| {
                let window = y / wh * across + x / ww;
                (window * wh * ww + y % wh * ww, y * width + x, ww.min(width - x))
            })
        })
    }

    /// `x [B, H, W, C]` to `[B windows, tokens, C]`.
    pub(super) fn split(&self, x: &Tensor) -> Result<Tensor> {
        let (b, h, w, c) = x.dims4()?;
        let ((wh, ww), (down, across)) = (self.window, self.count);
        let padded = x.pad_with_zeros(1, 0, down * wh - h)?.pad_with_zeros(2, 0, across * ww - w)?;
        let split = padded
            .contiguous()?
            .reshape(vec![b, down, wh, across, ww, c])?
            .permute(vec![0, 1, 3, 2, 4, 5])?;
        Ok(split.contiguous()?.reshape((b * down * across, wh * ww, c))?)
    }

    /// The inverse of [`Windows::split`], the padding gone.
    pub(super) fn join(&self, x: &Tensor) -> Result<Tensor> {
        let ((wh, ww), (down, across)) = (self.window, self.count);
        let (b, c) = (x.dim(0)? / (down * across), x.dim(2)?);
        let joined = x.reshape(vec![b, down, across, wh, ww, c])?.permute(vec![0, 1, 3, 2, 4, 5])?;
        let joined = joined.contiguous()?.reshape((b, down * wh, across * ww, c))?;
        Ok(joined.narrow(1, 0, self.map.0)?.narrow(2, 0, self.map.1)?.contiguous()?)
    }
}
