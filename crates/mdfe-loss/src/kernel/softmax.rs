//! The softmax over a block: its share of the log-sum-exp, and probabilities.

use super::exponentials::{GROUP, exp_shifted};
use mdfe_simd::{Simd, WithSimd};

/// The running log-sum-exp of each sample over the classes seen so far: the sum is relative to the maximum.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Running {
    /// The largest logit before scaling, `[B]`, padded.
    pub(crate) maximum: Vec<f32>,
    /// sum_c exp(scale (value_c - maximum)), `[B]`, padded.
    pub(crate) sum: Vec<f32>,
    /// sum_c value_c, `[B]`, padded; zero where nobody asks for it.
    pub(crate) total: Vec<f32>,
}

impl Running {
    /// Nothing seen yet, for `width` samples.
    pub(crate) fn new(width: usize) -> Self {
        // Less than any logit before scaling, and finite, so that differences are never NaN.
        Self { maximum: vec![-1e30; width], sum: vec![0.0; width], total: vec![0.0; width] }
    }

    /// ln sum_c exp(scale value_c) of one sample, minus infinity if there was no class.
    pub(crate) fn log_sum(&self, sample: usize, scale: f64) -> f64 {
        scale * f64::from(self.maximum[sample]) + f64::from(self.sum[sample]).ln()
    }
}

/// Takes in a block of logits before scaling, `[n, width]`; minus infinity stands for no class.
pub(crate) struct AddBlock<'a> {
    pub(crate) running: &'a mut Running,
    pub(crate) values: &'a [f32],
    pub(crate) scale: f32,
}

impl WithSimd for AddBlock<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { running: Running { maximum, sum, .. }, values, scale } = self;
        let width = maximum.len();
        // The block's own maximum and sum first: short sums round less than long ones.
        let mut highest = maximum.clone();
        for row in values.chunks_exact(width) {
            let highest = S::as_mut_simd_f32s(&mut highest).0;
            let row = &S::as_simd_f32s(row).0[..highest.len()];
            for j in 0..row.len() {
                highest[j] = simd.max_f32s(row[j], highest[j]);
            }
        }
        let mut block = vec![0.0_f32; width];
        let scale = simd.splat_f32s(scale);
        {
            let (block, highest) = (S::as_mut_simd_f32s(&mut block).0, S::as_simd_f32s(&highest).0);
            let groups = block.len() / GROUP * GROUP;
            for row in values.chunks_exact(width) {
                let row = S::as_simd_f32s(row).0;
                add::<S, GROUP>(simd, scale, Line { values: row, shift: highest }, block);
                let line = Line { values: &row[groups..], shift: &highest[groups..] };
                add::<S, 1>(simd, scale, line, &mut block[groups..]);
            }
        }
        let (sum, maximum) = (S::as_mut_simd_f32s(sum).0, S::as_mut_simd_f32s(maximum).0);
        let blocks = S::as_simd_f32s(&highest).0.iter().zip(S::as_simd_f32s(&block).0);
        for ((sum, maximum), (high, block)) in sum.iter_mut().zip(maximum).zip(blocks) {
            let [before] = exp_shifted(simd, scale, &[*maximum], &[*high]);
            *sum = simd.add_f32s(simd.mul_f32s(*sum, before), *block);
            *maximum = *high;
        }
    }
}

/// The logits before scaling of one class, and what is taken from them, by sample.
#[derive(Clone, Copy)]
struct Line<'a, V> {
    values: &'a [V],
    shift: &'a [V],
}

/// `sums` += e^(scale (value - shift)), as far as whole groups of N vectors go.
#[inline(always)]
fn add<S: Simd, const N: usize>(simd: S, scale: S::f32s, line: Line<S::f32s>, sums: &mut [S::f32s]) {
    let (values, sums) = (line.values.as_chunks::<N>().0, sums.as_chunks_mut::<N>().0);
    let (values, shift) = (&values[..sums.len()], &line.shift.as_chunks::<N>().0[..sums.len()]);
    for at in 0..sums.len() {
        let powers = exp_shifted(simd, scale, &values[at], &shift[at]);
        for j in 0..N {
            sums[at][j] = simd.add_f32s(sums[at][j], powers[j]);
        }
    }
}

/// Adds the logits before scaling of a block, `[n, width]`, to `total`, `[width]`; minus infinity stands for no class.
pub(crate) struct AddLogits<'a> {
    pub(crate) total: &'a mut [f32],
    pub(crate) values: &'a [f32],
}

impl WithSimd for AddLogits<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let width = self.total.len();
        let (total, none) = (S::as_mut_simd_f32s(self.total).0, simd.splat_f32s(f32::NEG_INFINITY));
        // The block's own sum first: short sums round less than long ones.
        let mut block = vec![0.0_f32; width];
        let block = S::as_mut_simd_f32s(&mut block).0;
        for row in self.values.chunks_exact(width) {
            for (sum, &value) in block.iter_mut().zip(S::as_simd_f32s(row).0) {
                let is_class = simd.greater_than_f32s(value, none);
                *sum = simd.add_f32s(*sum, simd.select_f32s(is_class, value, simd.splat_f32s(0.0)));
            }
        }
        total.iter_mut().zip(block).for_each(|(total, sum)| *total = simd.add_f32s(*total, *sum));
    }
}

/// `values` `[n, width]` (logits before scaling) become `factor` exp(`scale` (value - `shift`)) - `spread`, times `slope` if there is one.
///
/// `shift` and `factor` are `[width]`, `slope` is `[n, width]`.
pub(crate) struct Probabilities<'a> {
    pub(crate) values: &'a mut [f32],
    pub(crate) slope: Option<&'a [f32]>,
    pub(crate) scale: f32,
    pub(crate) shift: &'a [f32],
    pub(crate) factor: &'a [f32],
    /// What is taken from every class alike.
    pub(crate) spread: f32,
}

impl WithSimd for Probabilities<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { values, slope, scale, shift, factor, spread } = self;
        let width = shift.len();
        let (scale, spread) = (simd.splat_f32s(scale), simd.splat_f32s(-spread));
        let (shift, factor) = (S::as_simd_f32s(shift).0, S::as_simd_f32s(factor).0);
        let groups = shift.len() / GROUP * GROUP;
        for row in values.chunks_exact_mut(width) {
            let (whole, rest) = S::as_mut_simd_f32s(row).0.split_at_mut(groups);
            weigh::<S, GROUP>(simd, scale, Weights { factor, shift, spread }, whole);
            let last = Weights { factor: &factor[groups..], shift: &shift[groups..], spread };
            weigh::<S, 1>(simd, scale, last, rest);
        }
        if let Some(slope) = slope {
            for (value, &slope) in values.iter_mut().zip(slope) {
                *value *= slope;
            }
        }
    }
}

/// What makes gradients of logits, by sample.
#[derive(Clone, Copy)]
struct Weights<'a, V> {
    factor: &'a [V],
    shift: &'a [V],
    /// Minus the part that every class loses.
    spread: V,
}

/// `values` = factor e^(scale (value - shift)) + spread, as far as whole groups of N vectors go.
#[inline(always)]
fn weigh<S: Simd, const N: usize>(
    simd: S,
    scale: S::f32s,
    weights: Weights<S::f32s>,
    values: &mut [S::f32s],
) {
    let values = values.as_chunks_mut::<N>().0;
    let factor = &weights.factor.as_chunks::<N>().0[..values.len()];
    let shift = &weights.shift.as_chunks::<N>().0[..values.len()];
    for at in 0..values.len() {
        let powers = exp_shifted(simd, scale, &values[at], &shift[at]);
        for j in 0..N {
            values[at][j] = simd.mul_add_e_f32s(factor[at][j], powers[j], weights.spread);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::testing::{assert_same, values};
    use mdfe_simd::Level;

    #[test]
    fn every_level_adds_blocks_up_to_one_sum() {
        let (width, values) = (16, values(64, 1));
        for level in Level::available() {
            let (mut whole, mut parts) = (Running::new(width), Running::new(width));
            level.dispatch(AddBlock { running: &mut whole, values: &values, scale: 30.0 });
            for values in [&values[..width], &values[width..]] {
                level.dispatch(AddBlock { running: &mut parts, values, scale: 30.0 });
            }
            for sample in 0..width {
                let terms = values.iter().skip(sample).step_by(width).map(|&v| (30.0 * f64::from(v)).exp());
                let expected = terms.sum::<f64>().ln();
                for found in [whole.log_sum(sample, 30.0), parts.log_sum(sample, 30.0)] {
                    assert!((found - expected).abs() < 1e-5, "{level}: {found} where {expected} is right");
                }
            }
        }
    }

    #[test]
    fn every_level_weighs_exponentials() {
        let (width, count) = (16, 3);
        let (before, slope) = (values(width * count, 1), values(width * count, 2));
        let (shift, factor) = (vec![1.0; width], values(width, 3));
        for level in Level::available() {
            for (slope, spread) in [(None, 0.0), (Some(&slope[..]), 0.0), (Some(&slope[..]), 0.25)] {
                let mut found = before.clone();
                let (values, shift, factor) = (&mut found[..], &shift[..], &factor[..]);
                level.dispatch(Probabilities { values, slope, scale: 5.0, shift, factor, spread });
                let expected = (0..width * count).map(|i| {
                    let exponential = (5.0 * (f64::from(before[i]) - 1.0)).exp();
                    let weighed = f64::from(factor[i % width]) * exponential - f64::from(spread);
                    weighed * slope.map_or(1.0, |s| f64::from(s[i]))
                });
                assert_same(level, &found, &expected.collect::<Vec<f64>>());
            }
        }
    }

    #[test]
    fn every_level_adds_logits_of_classes_alone() {
        let (width, mut values) = (16, values(64, 1));
        values[17] = f32::NEG_INFINITY;
        for level in Level::available() {
            let mut total = vec![1.0; width];
            level.dispatch(AddLogits { total: &mut total, values: &values });
            let expected = (0..width).map(|sample| {
                let column = values.iter().skip(sample).step_by(width).map(|&v| f64::from(v));
                1.0 + column.filter(|v| v.is_finite()).sum::<f64>()
            });
            assert_same(level, &total, &expected.collect::<Vec<f64>>());
        }
    }
}
