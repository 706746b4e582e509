//! e^x on vectors.

use mdfe_simd::Simd;

/// How many vectors are computed side by side: each is a long chain of operations, and the chains fill one another's waits.
pub(super) const GROUP: usize = 4;

/// e^(scale (value - shift)) for values that are at most their shift; see [`exp`].
#[inline(always)]
pub(super) fn exp_shifted<S: Simd, const N: usize>(
    simd: S,
    scale: S::f32s,
    values: &[S::f32s; N],
    shifts: &[S::f32s; N],
) -> [S::f32s; N] {
    let mut x = *values;
    for j in 0..N {
        x[j] = simd.mul_f32s(scale, simd.sub_f32s(values[j], shifts[j]));
    }
    exp(simd, x)
}

/// e^x for x <= 0, branch-free, within 2 units in the last place; 0 below -87, where f32 has no normal numbers left.
#[inline(always)]
pub(super) fn exp<S: Simd, const N: usize>(simd: S, x: [S::f32s; N]) -> [S::f32s; N] {
    // 1.5 * 2^23: adding it leaves the nearest integer in the low bits of the sum.
    const ROUND: f32 = 12_582_912.0;
    // ln 2 in two parts, the first with few enough digits that its multiples are exact.
    const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];
    // The Taylor series to r^7: |r| <= ln(2)/2, where the next term is below 1.2e-7 / 10.
    const SERIES: [f32; 7] = [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0];
    let splat = |value: f32| simd.splat_f32s(value);
    let (mut shifted, mut rest) = (x, x);
    for j in 0..N {
        shifted[j] = simd.add_f32s(simd.mul_f32s(x[j], splat(std::f32::consts::LOG2_E)), splat(ROUND));
        let n = simd.sub_f32s(shifted[j], splat(ROUND));
        for part in LN_2 {
            rest[j] = simd.sub_f32s(rest[j], simd.mul_f32s(n, splat(part)));
        }
    }
    let mut series = [splat(1.0 / 5040.0); N];
    for coefficient in SERIES {
        for j in 0..N {
            series[j] = simd.add_f32s(splat(coefficient), simd.mul_f32s(rest[j], series[j]));
        }
    }
    let mut powers = series;
    for j in 0..N {
        let exponent = simd.wrapping_dyn_shl_u32s(simd.transmute_u32s_f32s(shifted[j]), simd.splat_u32s(23));
        let power = simd.add_u32s(simd.transmute_u32s_f32s(series[j]), exponent);
        let normal = simd.greater_than_f32s(x[j], splat(-87.0));
        powers[j] = simd.select_f32s(normal, simd.transmute_f32s_u32s(power), splat(0.0));
    }
    powers
}

#[cfg(test)]
mod tests {
    use super::*;
    use mdfe_simd::{Level, WithSimd};

    struct Exp<'a>(&'a mut [f32]);

    impl WithSimd for Exp<'_> {
        type Output = ();

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            for x in S::as_mut_simd_f32s(self.0).0 {
                [*x] = exp(simd, [*x]);
            }
        }
    }

    #[test]
    fn every_level_s_exp_is_exact_to_two_units_in_the_last_place() {
        let mut x: Vec<f32> = (0..87_008).map(|step| -(step as f32) / 1000.0).collect();
        (x[87_006], x[87_007]) = (-100.0, f32::NEG_INFINITY);
        for level in Level::available() {
            let mut found = x.clone();
            level.dispatch(Exp(&mut found));
            assert_eq!((found[0], found[87_006], found[87_007]), (1.0, 0.0, 0.0), "{level}");
            for (&x, &found) in x.iter().zip(&found) {
                let exact = f64::from(x).exp();
                let error = (f64::from(found) - exact).abs() / exact;
                assert!(x <= -87.0 || error <= 2.4e-7, "{level}: exp({x}) is off by {error}");
            }
        }
    }
}
