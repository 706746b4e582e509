//! Li-ArcFace.

use super::{
    angle::{constants, sine, sine_tensor},
    member::{Member, OtherRule, Point, Sample},
    options::{ANGLE, SCALE, loss_options},
};
use crate::{Level, LossState, kernel::Elementwise};
use candle_core::Tensor;
use std::f64::consts::PI;

loss_options! {
    /// A linear function of the angle: the target's logit is s (pi - 2 (theta + m)) / pi, every other s (pi - 2 theta) / pi.
    ///
    /// Li et al., "AirFace: Lightweight and Efficient Model for Face Recognition" (1907.12256), eq. 4.
    ///
    /// Stateless. Its target logit falls at the same rate at every angle, so it converges where ArcFace with a small embedding does
    /// not.
    LiArcFace {
        /// The scale s. Default 64.
        scale: f64 = 64.0, SCALE;
        /// The margin m in radians, 0 to pi/2. Default 0.45.
        margin: f64 = 0.45, ANGLE;
    }
}

impl Member for LiArcFace {
    fn scale(&self, _: &LossState) -> f64 {
        self.scale
    }

    fn target(&self, _: &LossState, sample: Sample) -> Point {
        let theta = sample.cosine.clamp(-1.0, 1.0).acos();
        let sine = sine(sample.cosine);
        let slope = if sine.slope == 0.0 && sample.cosine != 0.0 { 0.0 } else { 2.0 / (PI * sine.value) };
        Point { value: 1.0 - 2.0 * (theta + self.margin) / PI, slope }
    }

    fn others(&self, _: &LossState) -> Option<Box<dyn OtherRule>> {
        Some(Box::new(LinearAngle))
    }

    fn target_tensor(
        &self,
        _: &LossState,
        samples: &[Sample],
        cosine: &Tensor,
    ) -> candle_core::Result<Tensor> {
        let margin = constants(cosine, samples.iter().map(|_| 2.0 * self.margin / PI))?;
        linear_angle(cosine)? - margin
    }
}

/// (pi - 2 theta) / pi = 2/pi asin(cos theta).
struct LinearAngle;

impl OtherRule for LinearAngle {
    fn apply(&self, level: Level, bound: &[f32], value: &mut [f32], slope: &mut [f32]) {
        let rule = |_, cosine: f32| {
            const TWO_BY_PI: f32 = std::f32::consts::FRAC_2_PI;
            // Nearer to the poles than this the difference 1 - cos^2 is rounding noise in f32.
            let sine = (1.0 - cosine * cosine).max(1e-6).sqrt();
            (TWO_BY_PI * asin(cosine), TWO_BY_PI / sine)
        };
        level.dispatch(Elementwise { bound, value, slope, rule });
    }

    fn tensor(&self, _: &Tensor, cosine: &Tensor) -> candle_core::Result<Tensor> {
        linear_angle(cosine)
    }
}

/// The coefficients of x + x^3 P(x^2), asin on [0, 1/2], lowest power first: the Taylor series' first ones, the last fitted to the remainder.
const ASIN: [f64; 9] = [
    1.0 / 6.0,
    3.0 / 40.0,
    15.0 / 336.0,
    105.0 / 3456.0,
    945.0 / 42240.0,
    10395.0 / 599_040.0,
    135_135.0 / 9_676_800.0,
    2_027_025.0 / 175_472_640.0,
    0.0135,
];

/// asin in f32, branch-free: the series below 1/2, pi/2 - 2 asin(sqrt((1 - x)/2)) above.
#[inline(always)]
fn asin(x: f32) -> f32 {
    let size = x.abs().min(1.0);
    let far = size > 0.5;
    let y = if far { ((1.0 - size) * 0.5).sqrt() } else { size };
    let square = y * y;
    let mut series = ASIN[8] as f32;
    let mut power = 8;
    while power > 0 {
        power -= 1;
        series = series * square + ASIN[power] as f32;
    }
    let near = y + y * square * series;
    let angle = if far { std::f32::consts::FRAC_PI_2 - 2.0 * near } else { near };
    if x < 0.0 { -angle } else { angle }
}

/// 2/pi asin of a tensor, built from differentiable operations because candle has no inverse sine.
fn linear_angle(cosine: &Tensor) -> candle_core::Result<Tensor> {
    // theta / 2 = atan(t), t = sin / (1 + |cos|), at most 1; halved twice more it is small enough for a short series.
    let half = (sine_tensor(cosine)? / (cosine.abs()? + 1.0)?)?;
    let halve = |t: &Tensor| t / ((t.sqr()? + 1.0)?.sqrt()? + 1.0)?;
    let t = halve(&halve(&half)?)?;
    let square = t.sqr()?;
    let mut series = t.zeros_like()?;
    for power in (0..9).rev() {
        let sign = if power % 2 == 0 { 1.0 } else { -1.0 };
        series = ((series * &square)? + sign / (2 * power + 1) as f64)?;
    }
    let acute = ((series * t)? * 8.0)?; // theta for cos >= 0, pi - theta otherwise
    let linear = ((acute * (-2.0 / PI))? + 1.0)?;
    cosine.ge(0.0)?.where_cond(&linear, &linear.neg()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asin_is_exact_to_two_roundings() {
        for step in -100_000..=100_000 {
            let x = step as f32 / 100_000.0;
            let error = (f64::from(asin(x)) - f64::from(x).asin()).abs();
            // Two units in the last place of pi/2.
            assert!(error <= 2.4e-7, "asin({x}) is off by {error}");
        }
    }
}
