//! The softmax over a block: its share of the log-sum-exp, and probabilities.

use mdfe_simd::{Simd, WithSimd};

/// The running log-sum-exp of each sample over the classes seen so far: the sum is relative to the maximum.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Running {
    /// The largest logit before scaling, `[B]`, padded.
    pub(crate) maximum: Vec<f32>,
    /// sum_c exp(scale (value_c - maximum)), `[B]`, padded.
    pub(crate) sum: Vec<f32>,
}

impl Running {
    /// Nothing seen yet, for `width` samples.
    pub(crate) fn new(width: usize) -> Self {
        // Less than any logit before scaling, and finite, so that differences are never NaN.
        Self { maximum: vec![-1e30; width], sum: vec![0.0; width] }
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
    fn with_simd<S: Simd>(self, _: S) {
        let Self { running: Running { maximum, sum }, values, scale } = self;
        let width = maximum.len();
        // The block's own maximum and sum first: short sums round less than long ones.
        let mut highest = maximum.clone();
        for row in values.chunks_exact(width) {
            for (high, &value) in highest.iter_mut().zip(row) {
                *high = if value > *high { value } else { *high };
            }
        }
        let mut block = vec![0.0_f32; width];
        for row in values.chunks_exact(width) {
            for ((block, &value), &high) in block.iter_mut().zip(row).zip(&highest) {
                *block += exp(scale * (value - high));
            }
        }
        for (((sum, maximum), &high), &block) in
            sum.iter_mut().zip(maximum.iter_mut()).zip(&highest).zip(&block)
        {
            *sum = *sum * exp(scale * (*maximum - high)) + block;
            *maximum = high;
        }
    }
}

/// `values` `[n, width]` (logits before scaling) become `factor` exp(`scale` (value - `shift`)), times `slope` if there is one.
///
/// `shift` and `factor` are `[width]`, `slope` is `[n, width]`.
pub(crate) struct Probabilities<'a> {
    pub(crate) values: &'a mut [f32],
    pub(crate) slope: Option<&'a [f32]>,
    pub(crate) scale: f32,
    pub(crate) shift: &'a [f32],
    pub(crate) factor: &'a [f32],
}

impl WithSimd for Probabilities<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { values, slope, scale, shift, factor } = self;
        let width = shift.len();
        for row in values.chunks_exact_mut(width) {
            for ((value, &shift), &factor) in row.iter_mut().zip(shift).zip(factor) {
                *value = factor * exp(scale * (*value - shift));
            }
        }
        if let Some(slope) = slope {
            for (value, &slope) in values.iter_mut().zip(slope) {
                *value *= slope;
            }
        }
    }
}

/// e^x for x <= 0, branch-free, within 2 units in the last place; 0 below -87, where f32 has no normal numbers left.
#[inline(always)]
fn exp(x: f32) -> f32 {
    // 1.5 * 2^23: adding it leaves the nearest integer in the low bits of the sum.
    const ROUND: f32 = 12_582_912.0;
    // ln 2 in two parts, the first with few enough digits that its multiples are exact.
    const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = x - n * LN_2[0] - n * LN_2[1];
    // The Taylor series to r^6: |r| <= ln(2)/2, where the next term is below 1.2e-7 / 10.
    let tail = 1.0 / 24.0 + r * (1.0 / 120.0 + r * (1.0 / 720.0 + r * (1.0 / 5040.0)));
    let series = 1.0 + r * (1.0 + r * (0.5 + r * (1.0 / 6.0 + r * tail)));
    let power = f32::from_bits(series.to_bits().wrapping_add(shifted.to_bits() << 23));
    if x > -87.0 { power } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::testing::{assert_same, values};
    use mdfe_simd::Level;

    #[test]
    fn exp_is_exact_to_two_units_in_the_last_place() {
        for step in 0..=87_000 {
            let x = -(step as f32) / 1000.0;
            let exact = f64::from(x).exp();
            let error = (f64::from(exp(x)) - exact).abs() / exact;
            assert!(x <= -87.0 || error <= 2.4e-7, "exp({x}) is off by {error}");
        }
        assert_eq!(exp(f32::NEG_INFINITY), 0.0);
        assert_eq!(exp(0.0), 1.0);
    }

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
            for slope in [None, Some(&slope[..])] {
                let mut found = before.clone();
                let values = &mut found[..];
                level.dispatch(Probabilities { values, slope, scale: 5.0, shift: &shift, factor: &factor });
                let expected = (0..width * count).map(|i| {
                    let exponential = (5.0 * (f64::from(before[i]) - 1.0)).exp();
                    f64::from(factor[i % width]) * exponential * slope.map_or(1.0, |s| f64::from(s[i]))
                });
                assert_same(level, &found, &expected.collect::<Vec<f64>>());
            }
        }
    }
}
