//! An optimizer's memory.

use super::OptimizerKind;

/// First and second moment of a parameter, as long as the parameter.
///
/// SGD keeps its momentum buffer in `first` and leaves `second` empty.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Moments {
    /// Mean of the gradient, or the momentum buffer.
    pub first: Vec<f32>,
    /// Mean of the squared gradient; empty for SGD.
    pub second: Vec<f32>,
}

impl Moments {
    /// The memory before the first step of a parameter of `len` values.
    pub fn new(kind: OptimizerKind, len: usize) -> Self {
        let second = if kind.member().has_second_moment() { len } else { 0 };
        Self { first: vec![0.0; len], second: vec![0.0; second] }
    }
}
