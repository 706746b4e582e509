//! How the learning rate rises at the start.

use crate::config::choices;

choices! {
    /// How the learning rate rises at the start: the share of the full rate for the share x of the warm-up that is over. A new form
    /// is a line here.
    #[derive(Default)]
    pub enum Warmup: fn(f64) -> f64 {
        /// It does not: the first step has the full rate.
        None = "none" => |_| 1.0,
        /// In equal parts.
        #[default]
        Linear = "linear" => |x| x,
        /// Fast first: (1 - exp(-5 x)) / (1 - exp(-5)) of the full rate.
        Exponential = "exponential" => |x| (-5.0 * x).exp_m1() / (-5.0f64).exp_m1(),
    }
}
