//! Half a cosine.

use super::decay::{Decay, Ends};
use std::f64::consts::PI;

/// `bottom + (top - bottom) (1 + cos(pi done)) / 2`: Loshchilov and Hutter, 1608.03983, eq. 5, without restarts.
pub(super) struct Cosine;

impl Decay for Cosine {
    fn falls(&self) -> bool {
        true
    }

    fn rate(&self, ends: Ends, done: f64) -> f64 {
        let share = 0.5 * (1.0 + (PI * done).cos());
        ends.bottom + (ends.top - ends.bottom) * share
    }
}
