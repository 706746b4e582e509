//! Depthwise convolution, channels last: every channel has its own window of weights (EfficientNet-Lite's 3x3 and 5x5,
//! ConvNeXt's 7x7).

use super::{Activation, Number};
use mdfe_simd::Level;
use rayon::prelude::*;

/// A square window that slides over an image, zero-padded as TensorFlow's SAME: `ceil(n / stride)` outputs along an axis of
/// n pixels, the padding that they need split in two, the odd pixel at the end. For stride 1 and an odd size that is
/// PyTorch's `padding = size / 2`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    /// Side in pixels.
    pub(crate) size: usize,
    /// Pixels from one output to the next.
    pub(crate) stride: usize,
}

impl Window {
    /// Outputs along an axis of `n` pixels.
    pub(crate) fn outputs(self, n: usize) -> usize {
        n.div_ceil(self.stride)
    }

    /// Padding before the first pixel of an axis of `n`.
    pub(crate) fn before(self, n: usize) -> usize {
        ((self.outputs(n).saturating_sub(1)) * self.stride + self.size).saturating_sub(n) / 2
    }

    /// Taps.
    pub(crate) fn taps(self) -> usize {
        self.size * self.size
    }

    /// The taps of output `at` that fall on pixels of an axis of `n`, and the pixel under the first of them.
    #[inline(always)]
    pub(crate) fn reach(self, at: usize, n: usize) -> (std::ops::Range<usize>, usize) {
        let (start, before) = (at * self.stride, self.before(n));
        let first = before.saturating_sub(start);
        let last = self.size.min((n + before).saturating_sub(start));
        (first..last, (start + first).saturating_sub(before))
    }
}

/// The axes of a batch of images, `[B, H, W, C]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Axes {
    pub(crate) height: usize,
    pub(crate) width: usize,
    pub(crate) channels: usize,
}

impl Axes {
    /// Values of one image.
    pub(crate) fn image(self) -> usize {
        self.height * self.width * self.channels
    }

    /// The axes of the images that `window` makes of these.
    pub(crate) fn behind(self, window: Window) -> Self {
        Self { height: window.outputs(self.height), width: window.outputs(self.width), ..self }
    }
}

/// One row of outputs, and the image that it is made of.
#[derive(Clone, Copy)]
struct Line<'a> {
    /// `[H, W, C]`.
    image: &'a [f32],
    axes: Axes,
    /// Which row of the outputs.
    row: usize,
}

/// A depthwise layer: `kernel [size², C]`, taps by rows; `bias [C]`; what follows.
pub(crate) struct Depthwise<'a> {
    pub(crate) window: Window,
    pub(crate) kernel: &'a [f32],
    pub(crate) bias: &'a [f32],
    pub(crate) act: Option<Activation>,
}

impl Depthwise<'_> {
    /// `x [B, H, W, C]` to `out [B, H', W', C]`, H' and W' as [`Axes::behind`] says; rows are independent tasks.
    pub(crate) fn write<E: Number>(&self, level: Level, x: &[f32], axes: Axes, out: &mut [E]) {
        let behind = axes.behind(self.window);
        out.par_chunks_exact_mut(behind.width * axes.channels).enumerate().for_each(|(line, out)| {
            let image = &x[line / behind.height * axes.image()..][..axes.image()];
            let line = Line { image, axes, row: line % behind.height };
            level.vectorize(|| self.row(line, out));
        });
    }

    /// One row of outputs. Blocks of channels have constant lengths, so that their sums stay in registers over all taps.
    #[inline(always)]
    fn row<E: Number>(&self, line: Line<'_>, out: &mut [E]) {
        let mut first = 0;
        while first < line.axes.channels {
            match line.axes.channels - first {
                64.. => first += self.block::<64, E>(line, first, out),
                32.. => first += self.block::<32, E>(line, first, out),
                16.. => first += self.block::<16, E>(line, first, out),
                _ => first += self.block::<1, E>(line, first, out),
            }
        }
    }

    /// `N` channels from `first` on of one row of outputs.
    #[inline(always)]
    fn block<const N: usize, E: Number>(&self, line: Line<'_>, first: usize, out: &mut [E]) -> usize {
        let Line { image, axes: Axes { height, width, channels }, row } = line;
        let (rows, top) = self.window.reach(row, height);
        for (column, out) in out.chunks_exact_mut(channels).enumerate() {
            let (columns, left) = self.window.reach(column, width);
            let mut sums = [0f32; N];
            for (y, dy) in rows.clone().enumerate() {
                for (x, dx) in columns.clone().enumerate() {
                    let from = ((top + y) * width + left + x) * channels + first;
                    let tap = (dy * self.window.size + dx) * channels + first;
                    let (x, k) = (&image[from..from + N], &self.kernel[tap..tap + N]);
                    for i in 0..N {
                        sums[i] += x[i] * k[i];
                    }
                }
            }
            let bias = &self.bias[first..first + N];
            for i in 0..N {
                sums[i] += bias[i];
            }
            if let Some(act) = self.act {
                act.apply(&mut sums);
            }
            let out = &mut out[first..first + N];
            for i in 0..N {
                out[i] = E::from_f32(sums[i]);
            }
        }
        N
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blocks::depthwise;
    use candle_core::{Device, Tensor};

    fn value(i: usize) -> f32 {
        ((i * 37 % 101) as f32 - 50.0) / 60.0
    }

    #[test]
    fn same_padding_is_tensorflows() {
        // (pixels, size, stride) to (outputs, padding before), worked out by hand from TensorFlow's formula.
        for (n, size, stride, expected) in [
            (160, 3, 2, (80, 0)),
            (161, 3, 2, (81, 1)),
            (80, 5, 2, (40, 1)),
            (81, 5, 2, (41, 2)),
            (9, 7, 1, (9, 3)),
            (1, 5, 2, (1, 2)),
            (2, 5, 2, (1, 1)),
            (2, 3, 1, (2, 1)),
        ] {
            let window = Window { size, stride };
            assert_eq!((window.outputs(n), window.before(n)), expected, "{n} {size} {stride}");
        }
    }

    #[test]
    fn both_forms_equal_candles_grouped_convolution() {
        // Sums of 49 products of values below 1 in another order: 49 roundings of 1e-7 each.
        let sizes = [(9, 5, 6), (2, 3, 80), (7, 7, 64), (4, 11, 113)];
        for (size, stride) in [(7, 1), (3, 1), (3, 2), (5, 2), (5, 1)] {
            for (height, width, channels) in sizes {
                let (axes, window) = (Axes { height, width, channels }, Window { size, stride });
                let x: Vec<f32> = (0..2 * axes.image()).map(value).collect();
                let k: Vec<f32> = (0..window.taps() * channels).map(|i| value(i * 3 + 1)).collect();
                let xt = Tensor::from_slice(&x, (2, height, width, channels), &Device::Cpu).unwrap();
                let kt = Tensor::from_slice(&k, (window.taps(), channels), &Device::Cpu).unwrap();

                let kernel = kt.t().unwrap().reshape((channels, 1, size, size)).unwrap();
                let after =
                    |n: usize| ((window.outputs(n) - 1) * stride + size).saturating_sub(n + window.before(n));
                let padded = xt.permute((0, 3, 1, 2)).unwrap().contiguous().unwrap();
                let padded = padded.pad_with_zeros(2, window.before(height), after(height)).unwrap();
                let padded = padded.pad_with_zeros(3, window.before(width), after(width)).unwrap();
                let expected = padded.conv2d(&kernel, 0, stride, 1, channels).unwrap();
                let expected = expected.permute((0, 2, 3, 1)).unwrap().contiguous().unwrap();

                let behind = axes.behind(window);
                assert_eq!(expected.dims(), [2, behind.height, behind.width, channels]);
                let layer = Depthwise { window, kernel: &k, bias: &vec![0.0; channels], act: None };
                let summed = depthwise(&xt, &kt, window).unwrap();
                assert_eq!(summed.dims(), expected.dims());
                let flat = |t: &Tensor| t.flatten_all().unwrap().to_vec1::<f32>().unwrap();
                let (expected, summed) = (flat(&expected), flat(&summed));
                for level in Level::available() {
                    let mut out = vec![0f32; 2 * behind.image()];
                    layer.write(level, &x, axes, &mut out);
                    for ((e, a), b) in expected.iter().zip(&out).zip(&summed) {
                        assert!(
                            (e - a).abs() < 5e-6 && (e - b).abs() < 5e-6,
                            "{level} {size} {stride} {axes:?}: {e} {a} {b}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn bias_and_activation_follow_the_sum() {
        let axes = Axes { height: 1, width: 1, channels: 3 };
        let window = Window { size: 1, stride: 1 };
        let layer = Depthwise {
            window,
            kernel: &[2.0, 2.0, 2.0],
            bias: &[1.0, -9.0, 5.0],
            act: Some(Activation::Relu6),
        };
        for level in Level::available() {
            let mut out = [0f32; 3];
            layer.write(level, &[1.0, 1.0, 1.0], axes, &mut out);
            assert_eq!(out, [3.0, 0.0, 6.0], "{level}");
        }
    }
}
