//! AdaFace.

use super::{
    angle::{constants, rotate, rotate_tensor},
    member::{Member, Point, Sample},
    options::{ANGLE, POSITIVE, SCALE, SHARE, loss_options},
};
use crate::LossState;
use candle_core::Tensor;
use serde::{Deserialize, Serialize};
use std::f64::consts::PI;

loss_options! {
    /// A margin that follows the image's quality, read off the embedding's norm.
    ///
    /// Kim et al., "AdaFace: Quality Adaptive Margin for Face Recognition" (2204.00964), eqs. 13 to 17. With z = clip(h (norm - mean) / (std + 0.001), -1, 1) the target's
    /// logit is s (cos(clip(theta - m z, 0.001, pi - 0.001)) - m (z + 1)): a low norm acts like ArcFace, a high one like a cosine margin. Each training
    /// step first moves mean and std towards the batch's by 1 - momentum; norms are clipped to [0.001, 100]. As in the authors' code the target cosine is
    /// clipped to ±0.999, and no gradient flows through z or the clips.
    ///
    /// State: `batch_mean` from 20, `batch_std` from 100. A batch of one sample has no standard deviation: it moves the mean alone.
    /// For images of very different quality.
    AdaFace {
        /// The scale s. Default 64.
        scale: f64 = 64.0, SCALE;
        /// The margin m in radians, 0 to pi/2. Default 0.4.
        margin: f64 = 0.4, ANGLE;
        /// The concentration h, above 0. Default 0.333.
        concentration: f64 = 0.333, POSITIVE;
        /// The share of mean and std that stays in a step, 0 to 1. Default 0.99.
        momentum: f64 = 0.99, SHARE;
    }
}

/// What [`AdaFace`] remembers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AdaFaceState {
    /// The moving average of the batch's mean embedding norm.
    pub batch_mean: f64,
    /// The moving average of the batch's standard deviation of the embedding norm.
    pub batch_std: f64,
}

/// The authors' epsilon, of angles, cosines, norms and standard deviations alike.
const EPSILON: f64 = 1e-3;

impl AdaFace {
    /// z, the quality of a sample in [-1, 1].
    fn quality(&self, state: &LossState, norm: f64) -> f64 {
        let LossState::AdaFace(AdaFaceState { batch_mean, batch_std }) = state else { return 0.0 };
        let z = (norm.clamp(EPSILON, 100.0) - batch_mean) / (batch_std + EPSILON);
        (z * self.concentration).clamp(-1.0, 1.0)
    }
}

impl Member for AdaFace {
    fn initial_state(&self, _: usize) -> LossState {
        LossState::AdaFace(AdaFaceState { batch_mean: 20.0, batch_std: 100.0 })
    }

    fn observe(&self, state: &mut LossState, samples: &[Sample], _: f64) {
        let LossState::AdaFace(AdaFaceState { batch_mean, batch_std }) = state else { return };
        let norm = |sample: &Sample| sample.norm.clamp(EPSILON, 100.0);
        let count = samples.len() as f64;
        let mean = samples.iter().map(norm).sum::<f64>() / count.max(1.0);
        let follow = |old: f64, new: f64| self.momentum * old + (1.0 - self.momentum) * new;
        *batch_mean = follow(*batch_mean, mean);
        if samples.len() > 1 {
            let squares = samples.iter().map(|sample| (norm(sample) - mean).powi(2)).sum::<f64>();
            *batch_std = follow(*batch_std, (squares / (count - 1.0)).sqrt());
        }
    }

    fn scale(&self, _: &LossState) -> f64 {
        self.scale
    }

    fn target(&self, state: &LossState, sample: Sample) -> Point {
        let z = self.quality(state, sample.norm);
        let cosine = sample.cosine.clamp(EPSILON - 1.0, 1.0 - EPSILON);
        let theta = cosine.acos() - self.margin * z;
        let rotated = if theta > EPSILON && theta < PI - EPSILON {
            let rotated = rotate(cosine, -self.margin * z);
            Point { slope: if cosine == sample.cosine { rotated.slope } else { 0.0 }, ..rotated }
        } else {
            Point { value: theta.clamp(EPSILON, PI - EPSILON).cos(), slope: 0.0 }
        };
        Point { value: rotated.value - self.margin * (1.0 + z), slope: rotated.slope }
    }

    fn target_tensor(
        &self,
        state: &LossState,
        samples: &[Sample],
        cosine: &Tensor,
    ) -> candle_core::Result<Tensor> {
        let z: Vec<f64> = samples.iter().map(|sample| self.quality(state, sample.norm)).collect();
        let angles: Vec<f64> = z.iter().map(|z| -self.margin * z).collect();
        let clipped = cosine.clamp(EPSILON - 1.0, 1.0 - EPSILON)?;
        // Whether an angle is clipped is known from the samples; the clipped ones are constants.
        let inside = samples.iter().zip(&angles).map(|(sample, angle)| {
            let theta = sample.cosine.clamp(EPSILON - 1.0, 1.0 - EPSILON).acos() + angle;
            (theta > EPSILON && theta < PI - EPSILON, theta.clamp(EPSILON, PI - EPSILON).cos())
        });
        let (inside, ends): (Vec<bool>, Vec<f64>) = inside.unzip();
        let inside = constants(cosine, inside.into_iter().map(f64::from))?;
        let outside = (constants(cosine, ends.into_iter())? * (1.0 - &inside)?)?;
        let rotated = ((rotate_tensor(&clipped, &angles)? * inside)? + outside)?;
        rotated - constants(cosine, z.iter().map(|z| self.margin * (1.0 + z)))?
    }
}
