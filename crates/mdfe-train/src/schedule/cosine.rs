//! Half a cosine.

use super::decay::Decay;
use std::f64::consts::PI;

/// `(1 + cos(pi t / T)) / 2`: Loshchilov and Hutter, 1608.03983, eq. 5, without restarts; `torch.optim.lr_scheduler.CosineAnnealingLR`.
pub(super) struct Cosine;

impl Decay for Cosine {
    fn falls(&self) -> bool {
        true
    }

    fn left(&self, over: f64) -> f64 {
        0.5 * (1.0 + (PI * over).cos())
    }
}
