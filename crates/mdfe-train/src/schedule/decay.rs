//! How the learning rate falls over the training.

use super::{constant::Constant, cosine::Cosine};
use crate::config::choices;

choices! {
    /// How the learning rate falls over the training. A new form is a file beside this one and a line here.
    #[derive(Default)]
    pub enum ScheduleKind: &'static dyn Decay {
        /// It stays.
        None = "none" => &Constant,
        /// Half a cosine from `lr` towards `min_lr` over all steps (Loshchilov and Hutter, 1608.03983, eq. 5, without restarts).
        #[default]
        Cosine = "cosine" => &Cosine,
    }
}

/// A form of the learning rate.
pub(crate) trait Decay: Sync {
    /// Whether it goes towards `min_lr`, rather than stay at `lr`.
    fn falls(&self) -> bool;

    /// What is left of the way from `lr` to `min_lr` in a step before which the share `over` of all steps has been done: 1 for the first step, from
    /// there to 0, which belongs to the step after the last.
    fn left(&self, over: f64) -> f64;
}
