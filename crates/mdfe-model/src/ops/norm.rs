//! Layer norm by rows: `(x - mean) / sqrt(var + eps) · weight + bias`.

use super::number::Number;
use mdfe_simd::Level;
use rayon::prelude::*;

/// Rows of one task.
const TASK_ROWS: usize = 32;

/// What rows are normalised with.
#[derive(Clone, Copy)]
pub(crate) struct Norm<'a> {
    /// `[D]`.
    pub(crate) weight: &'a [f32],
    /// `[D]`.
    pub(crate) bias: &'a [f32],
    /// What is added to the variance.
    pub(crate) eps: f32,
}

impl Norm<'_> {
    /// Normalises rows of `x [M, D]` into `out [M, D]`.
    pub(crate) fn write<A: Number, E: Number>(self, level: Level, x: &[A], out: &mut [E]) {
        let Self { weight, bias, eps } = self;
        let width = weight.len();
        out.par_chunks_mut(TASK_ROWS * width).zip(x.par_chunks(TASK_ROWS * width)).for_each(|(out, x)| {
            level.vectorize(|| {
                for (out, x) in out.chunks_exact_mut(width).zip(x.chunks_exact(width)) {
                    let (mean, scale) = moments(x, eps);
                    for (((out, x), w), b) in out.iter_mut().zip(x).zip(weight).zip(bias) {
                        *out = E::from_f32((x.to_f32() - mean) * scale * w + b);
                    }
                }
            });
        });
    }

    /// The same in place.
    pub(crate) fn in_place<E: Number>(self, level: Level, x: &mut [E]) {
        let Self { weight, bias, eps } = self;
        let width = weight.len();
        x.par_chunks_mut(TASK_ROWS * width).for_each(|x| {
            level.vectorize(|| {
                for x in x.chunks_exact_mut(width) {
                    let (mean, scale) = moments(x, eps);
                    for ((x, w), b) in x.iter_mut().zip(weight).zip(bias) {
                        *x = E::from_f32((x.to_f32() - mean) * scale * w + b);
                    }
                }
            });
        });
    }
}

/// The mean and `1 / sqrt(var + eps)`, the variance in a second pass, where it loses nothing to cancellation.
#[inline(always)]
fn moments<E: Number>(x: &[E], eps: f32) -> (f32, f32) {
    let n = x.len() as f32;
    let mean = sum(x, |x| x) / n;
    let var = sum(x, |x| (x - mean) * (x - mean)) / n;
    (mean, 1.0 / (var + eps).sqrt())
}

/// Sixty-four partial sums: four vectors that add independently.
#[inline(always)]
fn sum<E: Number>(x: &[E], term: impl Fn(f32) -> f32) -> f32 {
    const WAYS: usize = 64;
    let mut sums = [0f32; WAYS];
    let (chunks, rest) = x.as_chunks::<WAYS>();
    for chunk in chunks {
        for (sum, x) in sums.iter_mut().zip(chunk) {
            *sum += term(x.to_f32());
        }
    }
    sums.iter().sum::<f32>() + rest.iter().map(|x| term(x.to_f32())).sum::<f32>()
}
