//! Random weights of an architecture, for timings.

use candle_core::{Device, Tensor};
use mdfe_model::{Architecture, Result, Weights};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::HashMap;

/// Weights that are small enough that sums of hundreds of products stay of order 1.
pub(crate) fn random(architecture: &Architecture) -> Result<Weights> {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut tensors = HashMap::new();
    for (key, shape) in architecture.parameter_shapes(false)? {
        let values: Vec<f32> = (0..shape.iter().product()).map(|_| rng.random_range(-0.05..0.05)).collect();
        tensors.insert(key, Tensor::from_vec(values, shape, &Device::Cpu)?);
    }
    Weights::from_tensors(tensors)
}
