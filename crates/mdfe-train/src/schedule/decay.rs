//! How the learning rate falls after the warm-up.

use super::{constant::Constant, cosine::Cosine};
use crate::config::choices;

choices! {
    /// How the learning rate falls after the warm-up. A new form is a file beside this one and a line here.
    #[derive(Default)]
    pub enum ScheduleKind: &'static dyn Decay {
        /// It stays.
        None = "none" => &Constant,
        /// Half a cosine from `lr` to `min_lr` (Loshchilov and Hutter, 1608.03983, eq. 5, without restarts).
        #[default]
        Cosine = "cosine" => &Cosine,
    }
}

/// Where a falling learning rate starts and ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ends {
    /// The optimizer's learning rate.
    pub(super) top: f64,
    /// The schedule's `min_lr`.
    pub(super) bottom: f64,
}

/// A form of the learning rate after the warm-up.
pub(crate) trait Decay: Sync {
    /// Whether it goes from the top to the bottom, rather than stay at the top.
    fn falls(&self) -> bool;

    /// The rate of the step with which the share `done` of the steps after the warm-up is over: above 0, 1 for the last.
    fn rate(&self, ends: Ends, done: f64) -> f64;
}
