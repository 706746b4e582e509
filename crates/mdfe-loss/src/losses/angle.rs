//! Additive margins on the angle, shared by the members that have one.

use super::member::Point;
use candle_core::Tensor;
use std::f64::consts::PI;

/// Sines below this count as this; their derivative counts as zero.
pub(crate) const MIN_SINE: f64 = 1e-7;

/// The sine of an angle whose cosine is given, at least [`MIN_SINE`], and its derivative by the cosine.
pub(crate) fn sine(cosine: f64) -> Point {
    let squared = 1.0 - cosine * cosine;
    if squared > MIN_SINE * MIN_SINE {
        let sine = squared.sqrt();
        Point { value: sine, slope: -cosine / sine }
    } else {
        Point { value: MIN_SINE, slope: 0.0 }
    }
}

/// cos(theta + margin) = cos theta cos margin - sin theta sin margin.
pub(crate) fn rotate(cosine: f64, margin: f64) -> Point {
    let (sin_margin, cos_margin) = margin.sin_cos();
    let sine = sine(cosine);
    Point {
        value: cosine * cos_margin - sine.value * sin_margin,
        slope: cos_margin - sine.slope * sin_margin,
    }
}

/// cos(theta + margin) where theta + margin < pi, and cos theta - margin sin(pi - margin) beyond, which keeps it decreasing in theta.
pub(crate) fn additive_angular(cosine: f64, margin: f64) -> Point {
    if cosine > (PI - margin).cos() {
        rotate(cosine, margin)
    } else {
        Point { value: cosine - (PI - margin).sin() * margin, slope: 1.0 }
    }
}

/// [`sine`] of a tensor of any shape.
pub(crate) fn sine_tensor(cosine: &Tensor) -> candle_core::Result<Tensor> {
    let squared = (1.0 - cosine.sqr()?)?;
    squared.maximum(&squared.zeros_like()?.affine(0.0, MIN_SINE * MIN_SINE)?)?.sqrt()
}

/// [`rotate`] of `cosine` `[B]` by `margin` `[B]`.
pub(crate) fn rotate_tensor(cosine: &Tensor, margin: &[f64]) -> candle_core::Result<Tensor> {
    let constant = |f: fn(f64) -> f64| constants(cosine, margin.iter().map(|&m| f(m)));
    (cosine * constant(f64::cos)?)? - (sine_tensor(cosine)? * constant(f64::sin)?)?
}

/// [`additive_angular`] of `cosine` `[B]` by `margin` `[B]`.
pub(crate) fn additive_angular_tensor(cosine: &Tensor, margin: &[f64]) -> candle_core::Result<Tensor> {
    let threshold = constants(cosine, margin.iter().map(|m| (PI - m).cos()))?;
    let penalty = constants(cosine, margin.iter().map(|m| (PI - m).sin() * m))?;
    cosine.gt(&threshold)?.where_cond(&rotate_tensor(cosine, margin)?, &(cosine - penalty)?)
}

/// A tensor `[B]` of constants, of the type and on the device of `like`.
pub(crate) fn constants(like: &Tensor, values: impl Iterator<Item = f64>) -> candle_core::Result<Tensor> {
    let values: Vec<f64> = values.collect();
    let count = values.len();
    Tensor::from_vec(values, count, &candle_core::Device::Cpu)?
        .to_dtype(like.dtype())?
        .to_device(like.device())
}
