//! How the learning rate rises at the start.

use crate::config::choices;

choices! {
    /// How the learning rate rises at the start: the factor of a step by `x = (t + 1) / W`, where t counts the steps from 0 and W is the
    /// length of the warm-up in steps. A new form is a line here.
    #[derive(Default)]
    pub enum Warmup: fn(f64) -> f64 {
        /// It does not: the first step has the full rate.
        None = "none" => |_| 1.0,
        /// In equal parts: `min(1, x)`, `pytorch_warmup.LinearWarmup`.
        #[default]
        Linear = "linear" => |x| x.min(1.0),
        /// Fast first: `1 - exp(-x)`, `pytorch_warmup.ExponentialWarmup`. Two thirds of the rate after W steps, all but a hundredth after 5 W.
        Exponential = "exponential" => |x| -(-x).exp_m1(),
    }
}
