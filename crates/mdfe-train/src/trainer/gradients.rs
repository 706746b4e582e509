//! Gradients of all parameters, by position.

use crate::Param;

/// One gradient for each parameter; empty where it has not been taken, as those of centers that are updated inside the fused pass.
#[derive(Clone, Debug, Default)]
pub(super) struct Gradients(pub(super) Vec<Vec<f32>>);

impl Gradients {
    /// For these parameters, all empty.
    pub(super) fn new(params: &[Param]) -> Self {
        Self(vec![Vec::new(); params.len()])
    }

    /// Gives every trained parameter of `params` room, zeroed.
    pub(super) fn zero(&mut self, params: &[Param]) {
        for (gradient, param) in self.0.iter_mut().zip(params) {
            gradient.clear();
            gradient.resize(if param.is_trained() { param.data.len() } else { 0 }, 0.0);
        }
    }

    /// Adds `weight` times another's.
    pub(super) fn add(&mut self, other: &Self, weight: f32) {
        for (sum, part) in self.0.iter_mut().zip(&other.0) {
            sum.iter_mut().zip(part).for_each(|(sum, g)| *sum += weight * g);
        }
    }

    /// The length of all of them as one vector.
    pub(super) fn norm(&self) -> f64 {
        let square = |values: &Vec<f32>| values.iter().map(|v| f64::from(*v) * f64::from(*v)).sum::<f64>();
        self.0.iter().map(square).sum::<f64>().sqrt()
    }

    /// Multiplies all of them.
    pub(super) fn scale(&mut self, factor: f32) {
        self.0.iter_mut().flatten().for_each(|value| *value *= factor);
    }

    /// `torch.nn.utils.clip_grad_norm_`: shortens all of them together to a length of `limit`.
    pub(super) fn clip(&mut self, limit: f64) {
        let factor = limit / (self.norm() + 1e-6);
        if factor < 1.0 {
            self.scale(factor as f32);
        }
    }
}
