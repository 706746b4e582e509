//! The depthwise convolution of a block, channels last, zero-padded to keep its size.

use super::tower::KERNEL;
use crate::{Result, ops::Level};
use candle_core::Tensor;
use rayon::prelude::*;

/// Pixels of padding on each side.
const PAD: usize = KERNEL / 2;
/// Channels whose sums stay in registers over all taps.
const CHANNELS: usize = 64;

/// `x [B, H, W, C]` with `kernel [49, C]`: a sum over shifted pictures, which has a gradient and runs on any device. candle's
/// own grouped convolution runs channel by channel.
pub(super) fn tensors(x: &Tensor, kernel: &Tensor) -> Result<Tensor> {
    let (_, h, w, _) = x.dims4()?;
    let padded = x.pad_with_zeros(1, PAD, PAD)?.pad_with_zeros(2, PAD, PAD)?;
    let mut sum = x.zeros_like()?;
    for tap in 0..KERNEL * KERNEL {
        let shifted = padded.narrow(1, tap / KERNEL, h)?.narrow(2, tap % KERNEL, w)?;
        sum = (sum + shifted.broadcast_mul(&kernel.get(tap)?)?)?;
    }
    Ok(sum)
}

/// The axes of a batch of pictures, `[B, H, W, C]`.
#[derive(Clone, Copy)]
pub(super) struct Axes {
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) channels: usize,
}

/// `x [B, H, W, C]` with `kernel [49, C]` and `bias [C]` into `out [B, H, W, C]`; rows are independent tasks.
pub(super) fn slices(x: &[f32], kernel: &[f32], bias: &[f32], axes: Axes, out: &mut [f32]) {
    let Axes { height, width, channels } = axes;
    let level = Level::detect();
    out.par_chunks_mut(width * channels).enumerate().for_each(|(line, out)| {
        let (image, row) = (line / height, line % height);
        let image = &x[image * height * width * channels..][..height * width * channels];
        level.vectorize(|| {
            for first in (0..channels).step_by(CHANNELS) {
                let count = CHANNELS.min(channels - first);
                for (column, out) in out.chunks_exact_mut(channels).enumerate() {
                    let sums = pixel(image, kernel, axes, (row, column), (first, count));
                    let values = sums.iter().zip(&bias[first..first + count]);
                    out[first..first + count]
                        .iter_mut()
                        .zip(values)
                        .for_each(|(out, (sum, b))| *out = sum + b);
                }
            }
        });
    });
}

/// The sums of `count` channels from `first` on at one place.
#[inline(always)]
fn pixel(
    image: &[f32],
    kernel: &[f32],
    axes: Axes,
    (row, column): (usize, usize),
    (first, count): (usize, usize),
) -> [f32; CHANNELS] {
    let Axes { height, width, channels } = axes;
    let mut sums = [0f32; CHANNELS];
    // Taps that fall on the padding add nothing.
    let taps = |at: usize, size: usize| PAD.saturating_sub(at)..KERNEL.min(size + PAD - at);
    for dy in taps(row, height) {
        for dx in taps(column, width) {
            let from = ((row + dy - PAD) * width + column + dx - PAD) * channels + first;
            let tap = (dy * KERNEL + dx) * channels + first;
            let (x, k) = (&image[from..from + count], &kernel[tap..tap + count]);
            // A whole block of channels has a constant length, and its sums stay in registers.
            match (x.as_array::<CHANNELS>(), k.as_array::<CHANNELS>()) {
                (Some(x), Some(k)) => {
                    for i in 0..CHANNELS {
                        sums[i] += x[i] * k[i];
                    }
                }
                _ => sums.iter_mut().zip(x.iter().zip(k)).for_each(|(sum, (x, k))| *sum += x * k),
            }
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;

    #[test]
    fn both_forms_equal_candles_grouped_convolution() {
        // Sums of 49 products of values below 1 in another order: 49 roundings of 1e-7 each.
        for (height, width, channels) in [(9, 5, 6), (2, 3, 80), (7, 7, 64)] {
            let axes = Axes { height, width, channels };
            let value = |i: usize| ((i * 37 % 101) as f32 - 50.0) / 60.0;
            let x: Vec<f32> = (0..2 * height * width * channels).map(value).collect();
            let k: Vec<f32> = (0..KERNEL * KERNEL * channels).map(|i| value(i * 3 + 1)).collect();
            let device = Device::Cpu;
            let xt = Tensor::from_slice(&x, (2, height, width, channels), &device).unwrap();
            let kt = Tensor::from_slice(&k, (KERNEL * KERNEL, channels), &device).unwrap();
            let kernel = kt.t().unwrap().reshape((channels, 1, KERNEL, KERNEL)).unwrap();
            let nchw = xt.permute((0, 3, 1, 2)).unwrap().contiguous().unwrap();
            let expected = nchw.conv2d(&kernel, PAD, 1, 1, channels).unwrap().permute((0, 2, 3, 1)).unwrap();
            let expected: Vec<f32> = expected.flatten_all().unwrap().to_vec1().unwrap();
            let mut out = vec![0.0; x.len()];
            slices(&x, &k, &vec![0.0; channels], axes, &mut out);
            let summed: Vec<f32> = tensors(&xt, &kt).unwrap().flatten_all().unwrap().to_vec1().unwrap();
            for ((e, a), b) in expected.iter().zip(&out).zip(&summed) {
                assert!((e - a).abs() < 5e-6 && (e - b).abs() < 5e-6, "{e} {a} {b}");
            }
        }
    }
}
