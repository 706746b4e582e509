//! A learning rate that stays.

use super::decay::Decay;

/// All of the way, always.
pub(super) struct Constant;

impl Decay for Constant {
    fn falls(&self) -> bool {
        false
    }

    fn left(&self, _: f64) -> f64 {
        1.0
    }
}
