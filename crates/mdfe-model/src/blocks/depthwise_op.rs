//! The depthwise convolution on the CPU with its gradient, over whole rows of channels.

use crate::ops::{Axes, Depthwise, Window};
use candle_core::{CpuStorage, CustomOp2, Error, Layout, Result, Shape, Tensor};
use mdfe_simd::Level;
use rayon::prelude::*;

/// `x [B, H, W, C]` with `kernel [size², C]` (taps by rows) to `[B, H', W', C]`, f32.
///
/// Sums run over taps, then over images, in their order: the same bytes on any number of threads.
pub(super) struct DepthwiseOp {
    pub(super) window: Window,
}

impl CustomOp2 for DepthwiseOp {
    fn name(&self) -> &'static str {
        "depthwise convolution"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        kernel: &CpuStorage,
        kernel_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (batch, height, width, channels) = x_layout.shape().dims4()?;
        let (x, kernel) = (values(x, x_layout)?, values(kernel, kernel_layout)?);
        let axes = Axes { height, width, channels };
        let behind = axes.behind(self.window);
        let mut out = vec![0.0; batch * behind.image()];
        let bias = vec![0.0; channels];
        let depthwise = Depthwise { window: self.window, kernel, bias: &bias, act: None };
        let images = x.par_chunks(axes.image()).zip(out.par_chunks_mut(behind.image()));
        images.for_each(|(x, out)| depthwise.write(Level::current(), x, axes, out));
        let shape = Shape::from((batch, behind.height, behind.width, channels));
        Ok((CpuStorage::F32(out), shape))
    }

    fn bwd(
        &self,
        x: &Tensor,
        kernel: &Tensor,
        _: &Tensor,
        d_out: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let (_, height, width, channels) = x.dims4()?;
        let axes = Axes { height, width, channels };
        let flat = |t: &Tensor| t.flatten_all()?.to_vec1::<f32>();
        let (values, weights, d_values) = (flat(x)?, flat(kernel)?, flat(d_out)?);
        let behind = axes.behind(self.window);
        let mut d_x = vec![0.0; values.len()];
        let images = d_x.par_chunks_mut(axes.image());
        let images = images.zip(values.par_chunks(axes.image())).zip(d_values.par_chunks(behind.image()));
        let parts: Vec<Vec<f32>> = images
            .map(|((d_x, x), d_out)| {
                let mut d_kernel = vec![0.0; weights.len()];
                let image = Image { axes, window: self.window, x, kernel: &weights, d_out };
                Level::current().vectorize(|| image.backward(d_x, &mut d_kernel));
                d_kernel
            })
            .collect();
        let mut d_kernel = vec![0.0; weights.len()];
        for part in parts {
            d_kernel.iter_mut().zip(part).for_each(|(sum, value)| *sum += value);
        }
        let device = x.device();
        Ok((
            Some(Tensor::from_vec(d_x, x.shape(), device)?),
            Some(Tensor::from_vec(d_kernel, kernel.shape(), device)?),
        ))
    }
}

/// One image on the way back.
struct Image<'a> {
    axes: Axes,
    window: Window,
    /// `[H, W, C]`.
    x: &'a [f32],
    /// `[size², C]`.
    kernel: &'a [f32],
    /// `[H', W', C]`.
    d_out: &'a [f32],
}

impl Image<'_> {
    /// Adds the gradients by the image and by the kernel.
    #[inline(always)]
    fn backward(&self, d_x: &mut [f32], d_kernel: &mut [f32]) {
        let Axes { height, width, channels } = self.axes;
        let behind = self.axes.behind(self.window);
        for (place, d_out) in self.d_out.chunks_exact(channels).enumerate() {
            let (row, column) = (place / behind.width, place % behind.width);
            let (rows, y) = self.window.reach(row, height);
            let (columns, x) = self.window.reach(column, width);
            for (dy, tap_row) in rows.enumerate() {
                for (dx, tap_column) in columns.clone().enumerate() {
                    let pixel = ((y + dy) * width + x + dx) * channels;
                    let tap = (tap_row * self.window.size + tap_column) * channels;
                    let (weights, d_weights) =
                        (&self.kernel[tap..tap + channels], &mut d_kernel[tap..tap + channels]);
                    let (values, d_values) =
                        (&self.x[pixel..pixel + channels], &mut d_x[pixel..pixel + channels]);
                    for c in 0..channels {
                        d_values[c] += weights[c] * d_out[c];
                        d_weights[c] += values[c] * d_out[c];
                    }
                }
            }
        }
    }
}

/// The values of an operand, which is contiguous f32.
fn values<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    let (from, to) = layout.contiguous_offsets().ok_or(Error::RequiresContiguous { op: "depthwise" })?;
    Ok(&storage.as_slice::<f32>()?[from..to])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blocks::depthwise::shifted;
    use candle_core::{Device, Var};

    /// The sum of shifted images, which candle differentiates by itself. Sums of up to 25 taps in another order: 1e-5 of values up to
    /// one.
    #[test]
    fn values_and_gradients_are_those_of_shifted_images() {
        for (size, stride, height, width) in [(3, 1, 5, 4), (5, 2, 7, 6), (3, 2, 4, 4), (5, 1, 3, 3)] {
            let window = Window { size, stride };
            let wave = |n: usize, by: f32| (0..n).map(|i| (i as f32 * by).sin()).collect::<Vec<f32>>();
            let (batch, channels) = (3, 5);
            let x = wave(batch * height * width * channels, 0.7);
            let x = Tensor::from_vec(x, (batch, height, width, channels), &Device::Cpu).unwrap();
            let kernel =
                Tensor::from_vec(wave(size * size * channels, 1.3), (size * size, channels), &Device::Cpu);
            let (x, kernel) = (Var::from_tensor(&x).unwrap(), Var::from_tensor(&kernel.unwrap()).unwrap());
            let run = |out: Tensor| {
                let d = wave(out.elem_count(), 0.3);
                let d = Tensor::from_vec(d, out.shape(), &Device::Cpu).unwrap();
                let grads = (&out * d).unwrap().sum_all().unwrap().backward().unwrap();
                [out, grads.get(&x).unwrap().clone(), grads.get(&kernel).unwrap().clone()]
                    .map(|t| t.flatten_all().unwrap().to_vec1::<f32>().unwrap())
            };
            let found = run(x.apply_op2(&kernel, DepthwiseOp { window }).unwrap());
            let expected = run(shifted(&x, &kernel, window).unwrap());
            for (found, expected) in found.iter().zip(&expected) {
                assert_eq!(found.len(), expected.len());
                let off = found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
                assert!(off < 1e-5, "{size} {stride}: off by {off}");
            }
        }
    }
}
