//! A scalar rule on every cosine of a block.

use mdfe_simd::{Simd, WithSimd};

/// `(value, slope)` = `rule(bound, value)` for all `value` `[n, width]` and `slope` `[n, width]`, with `bound` `[width]`: a loop that
/// the compiler can vectorise for the CPU at hand.
pub(crate) struct Elementwise<'a, F> {
    pub(crate) bound: &'a [f32],
    pub(crate) value: &'a mut [f32],
    pub(crate) slope: &'a mut [f32],
    pub(crate) rule: F,
}

impl<F: Fn(f32, f32) -> (f32, f32)> WithSimd for Elementwise<'_, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { bound, value, slope, rule } = self;
        let width = bound.len().max(1);
        for (value, slope) in value.chunks_exact_mut(width).zip(slope.chunks_exact_mut(width)) {
            for ((v, d), &b) in value.iter_mut().zip(slope.iter_mut()).zip(bound) {
                (*v, *d) = rule(b, *v);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::testing::values;
    use mdfe_simd::Level;

    #[test]
    fn every_level_applies_the_rule_with_the_sample_s_own_bound() {
        let (width, count) = (16, 5);
        let (bound, before) = (values(width, 1), values(width * count, 2));
        for level in Level::available() {
            let (mut value, mut slope) = (before.clone(), vec![9.0; width * count]);
            let rule = |bound: f32, value: f32| (bound - value, if value > bound { 1.0 } else { -1.0 });
            level.dispatch(Elementwise { bound: &bound, value: &mut value, slope: &mut slope, rule });
            for i in 0..width * count {
                assert_eq!((value[i], slope[i]), rule(bound[i % width], before[i]), "{level}: value {i}");
            }
        }
    }
}
