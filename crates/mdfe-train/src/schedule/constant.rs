//! A learning rate that stays.

use super::decay::{Decay, Ends};

/// The top, always.
pub(super) struct Constant;

impl Decay for Constant {
    fn falls(&self) -> bool {
        false
    }

    fn rate(&self, ends: Ends, _: f64) -> f64 {
        ends.top
    }
}
