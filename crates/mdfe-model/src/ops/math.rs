//! Exponentials and activations that the compiler turns into vector code: no branch, no library call.

use serde::{Deserialize, Serialize};

/// The nonlinearity of an MLP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// `x Φ(x)` with the exact normal distribution function. The default.
    #[default]
    Gelu,
    /// `0.5 x (1 + tanh(sqrt(2/π) (x + 0.044715 x³)))`.
    GeluTanh,
    /// `x σ(1.702 x)`: OpenAI's and MetaCLIP's towers.
    QuickGelu,
    /// `x σ(x)`, the gate of SwiGLU.
    Silu,
    /// `min(max(x, 0), 6)`: EfficientNet-Lite.
    Relu6,
}

impl Activation {
    /// Applies it in place. Within 5e-7 of the exact value for |x| up to 4, relative error 1e-6 beyond.
    #[inline(always)]
    pub(crate) fn apply(self, x: &mut [f32]) {
        match self {
            Self::Gelu => x.iter_mut().for_each(|x| *x = gelu(*x)),
            Self::GeluTanh => x.iter_mut().for_each(|x| *x = gelu_tanh(*x)),
            Self::QuickGelu => x.iter_mut().for_each(|x| *x *= sigmoid(1.702 * *x)),
            Self::Silu => x.iter_mut().for_each(|x| *x = silu(*x)),
            Self::Relu6 => x.iter_mut().for_each(|x| *x = x.clamp(0.0, 6.0)),
        }
    }
}

/// 1.5 * 2^23: adding it rounds a float below 2^22 to an integer and leaves the integer in the low bits.
const ROUND: f32 = 12_582_912.0;

/// `2^x`, relative error below 2e-7; 0 below -126, 2^127.49 above.
#[inline(always)]
pub(crate) fn exp2(x: f32) -> f32 {
    let clamped = x.clamp(-126.0, 127.0);
    let shifted = clamped + ROUND;
    let f = clamped - (shifted - ROUND);
    // The Taylor series of 2^f about 0, |f| <= 0.5; the first term left out is below 2e-8 relative.
    let mut p = 1.525_273_4e-5_f32;
    p = p * f + 1.540_353e-4;
    p = p * f + 1.333_355_8e-3;
    p = p * f + 9.618_129e-3;
    p = p * f + 5.550_411e-2;
    p = p * f + 2.402_265e-1;
    p = p * f + std::f32::consts::LN_2;
    p = p * f + 1.0;
    let scaled = f32::from_bits(p.to_bits().wrapping_add(shifted.to_bits() << 23));
    if x < -126.0 { 0.0 } else { scaled }
}

/// `e^x`, relative error below 1e-6 for |x| up to 80.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    exp2(x * std::f32::consts::LOG2_E)
}

/// `1 / (1 + e^-x)`.
#[inline(always)]
fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// `x σ(x)`.
#[inline(always)]
pub(crate) fn silu(x: f32) -> f32 {
    x * sigmoid(x)
}

/// `x Φ(x)`, by the rational approximation of erfc in Abramowitz and Stegun, 7.1.26 (|error| <= 1.5e-7).
#[inline(always)]
fn gelu(x: f32) -> f32 {
    let z = x.abs() * std::f32::consts::FRAC_1_SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * z);
    let mut p = 1.061_405_4_f32;
    p = p * t - 1.453_152;
    p = p * t + 1.421_413_8;
    p = p * t - 0.284_496_74;
    p = p * t + 0.254_829_6;
    // Half of erfc(|x| / sqrt 2): the mass of the tail beyond |x|.
    let tail = 0.5 * p * t * exp(-z * z);
    x.max(0.0) - x.abs() * tail
}

#[inline(always)]
fn gelu_tanh(x: f32) -> f32 {
    // 0.5 (1 + tanh u) = sigmoid(2 u), and 2 sqrt(2/π) = 1.595769.
    x * sigmoid(1.595_769 * (x + 0.044_715 * x * x * x))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// erf by its Maclaurin series in f64, exact to 1e-12 for |x| <= 4.
    fn erf(x: f64) -> f64 {
        let (mut term, mut sum) = (x, x);
        for n in 1..200 {
            term *= -x * x / f64::from(n);
            sum += term / f64::from(2 * n + 1);
        }
        sum * 2.0 / std::f64::consts::PI.sqrt()
    }

    fn worst(act: Activation, exact: impl Fn(f64) -> f64) -> f64 {
        let xs: Vec<f32> = (-5600..=5600).map(|i| i as f32 / 1000.0).collect();
        let mut ys = xs.clone();
        act.apply(&mut ys);
        xs.iter().zip(&ys).map(|(x, y)| (exact(f64::from(*x)) - f64::from(*y)).abs()).fold(0.0, f64::max)
    }

    #[test]
    fn activations_are_exact_to_a_few_ulps() {
        let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
        let tanh = |x: f64| {
            0.5 * x * (1.0 + ((2.0 / std::f64::consts::PI).sqrt() * (x + 0.044715 * x * x * x)).tanh())
        };
        let gelu = worst(Activation::Gelu, |x| 0.5 * x * (1.0 + erf(x / std::f64::consts::SQRT_2)));
        let others = [
            worst(Activation::GeluTanh, tanh),
            worst(Activation::QuickGelu, |x| x * sigmoid(1.702 * x)),
            worst(Activation::Silu, |x| x * sigmoid(x)),
        ];
        assert!(gelu < 1e-6, "{gelu:e}");
        assert!(others.iter().all(|e| *e < 1.5e-6), "{others:?}");
    }

    #[test]
    fn exponentials_hold_at_the_ends_of_the_range() {
        for i in -1260..=1270 {
            let x = i as f32 / 10.0;
            let exact = f64::from(x).exp2();
            assert!((f64::from(exp2(x)) / exact - 1.0).abs() < 2.5e-7, "2^{x}: {}", exp2(x));
        }
        assert_eq!(exp2(-1e30), 0.0);
        assert_eq!(exp(f32::NEG_INFINITY), 0.0);
        assert!(exp2(1e30).is_finite());
    }
}
