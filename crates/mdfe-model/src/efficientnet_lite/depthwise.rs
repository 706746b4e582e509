//! The depthwise convolutions of the fused form: channels last, SAME padding, any stride, relu6 at the end.

use super::conv::{Conv, same_padding};
use crate::{Result, ops::Level, vit::values};
use rayon::prelude::*;

/// Channels whose sums stay in registers over all taps.
const CHANNELS: usize = 48;

/// A depthwise convolution with its taps laid out for channels-last pictures.
pub(super) struct Depthwise {
    /// `[k * k, C]`.
    taps: Vec<f32>,
    /// `[C]`.
    bias: Vec<f32>,
    kernel: usize,
    stride: usize,
}

impl Depthwise {
    pub(super) fn new(conv: &Conv) -> Result<Self> {
        let places = conv.kernel * conv.kernel;
        let taps = conv.weight.reshape(((), places))?.t()?.contiguous()?;
        Ok(Self { taps: values(&taps)?, bias: values(&conv.bias)?, kernel: conv.kernel, stride: conv.stride })
    }

    /// Height and width after it.
    pub(super) fn out(&self, (height, width): (usize, usize)) -> (usize, usize) {
        (height.div_ceil(self.stride), width.div_ceil(self.stride))
    }

    /// `x [B, H, W, C]` to `out [B, H', W', C]`; rows are independent tasks.
    pub(super) fn forward(&self, x: &[f32], (height, width): (usize, usize), out: &mut [f32]) {
        let channels = self.bias.len();
        let (rows, columns) = self.out((height, width));
        let image = height * width * channels;
        let level = Level::detect();
        out.par_chunks_mut(columns * channels).enumerate().for_each(|(line, out)| {
            let source = &x[line / rows * image..][..image];
            level.vectorize(|| self.row(source, (height, width), line % rows, out));
        });
    }

    #[inline(always)]
    fn row(&self, image: &[f32], (height, width): (usize, usize), row: usize, out: &mut [f32]) {
        let (kernel, stride, channels) = (self.kernel, self.stride, self.bias.len());
        let (top, left) = (same_padding(height, kernel, stride).0, same_padding(width, kernel, stride).0);
        // Taps that fall on the padding add nothing.
        let taps = |at: usize, pad: usize, size: usize| pad.saturating_sub(at)..kernel.min(size + pad - at);
        for (column, out) in out.chunks_exact_mut(channels).enumerate() {
            let (y, x) = (row * stride, column * stride);
            for first in (0..channels).step_by(CHANNELS) {
                let count = CHANNELS.min(channels - first);
                let mut sums = [0f32; CHANNELS];
                sums[..count].copy_from_slice(&self.bias[first..first + count]);
                for dy in taps(y, top, height) {
                    for dx in taps(x, left, width) {
                        let from = ((y + dy - top) * width + x + dx - left) * channels + first;
                        let tap = (dy * kernel + dx) * channels + first;
                        add(&mut sums, &image[from..from + count], &self.taps[tap..tap + count]);
                    }
                }
                let sums = sums[..count].iter();
                out[first..first + count]
                    .iter_mut()
                    .zip(sums)
                    .for_each(|(out, sum)| *out = sum.clamp(0.0, 6.0));
            }
        }
    }
}

/// `sums += x * k`; a whole block has a constant length and stays in registers.
#[inline(always)]
fn add(sums: &mut [f32; CHANNELS], x: &[f32], k: &[f32]) {
    match (x.as_array::<CHANNELS>(), k.as_array::<CHANNELS>()) {
        (Some(x), Some(k)) => {
            for i in 0..CHANNELS {
                sums[i] += x[i] * k[i];
            }
        }
        _ => sums.iter_mut().zip(x.iter().zip(k)).for_each(|(sum, (x, k))| *sum += x * k),
    }
}
