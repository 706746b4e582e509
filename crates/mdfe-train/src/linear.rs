//! The trained projection: dropout on the features, then a linear map with bias.

use crate::{
    matmul::{Matrix, product},
    random::{Purpose, stream},
};
use rand::{Rng, RngExt};

/// `y = dropout(x) weightᵀ + bias` with `weight [D, D_in]` and `bias [D]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Linear {
    /// `[D, D_in]`, row-major.
    pub weight: Vec<f32>,
    /// `[D]`.
    pub bias: Vec<f32>,
}

impl Linear {
    /// Random values as `torch.nn.Linear` draws them: weight and bias uniform in ±1/sqrt(D_in), which is Kaiming's uniform
    /// distribution with a = sqrt(5). The values themselves come from this crate's own stream of the seed, not torch's.
    pub fn new(feature_dim: usize, embed_dim: usize, seed: u64) -> Self {
        let mut rng = stream(seed, Purpose::Projection, 0);
        let bound = 1.0 / (feature_dim.max(1) as f64).sqrt();
        let mut draw =
            |n: usize| (0..n).map(|_| ((rng.random::<f64>() * 2.0 - 1.0) * bound) as f32).collect();
        Self { weight: draw(feature_dim * embed_dim), bias: draw(embed_dim) }
    }

    /// The map of adaptive average pooling, `torch.nn.AdaptiveAvgPool1d(D)`, as a matrix without bias.
    pub fn average_pool(feature_dim: usize, embed_dim: usize) -> Self {
        let mut weight = vec![0.0; feature_dim * embed_dim];
        for (i, row) in weight.chunks_exact_mut(feature_dim.max(1)).enumerate() {
            let (from, to) = (i * feature_dim / embed_dim, ((i + 1) * feature_dim).div_ceil(embed_dim));
            row[from..to].fill(1.0 / (to - from) as f32);
        }
        Self { weight, bias: vec![0.0; embed_dim] }
    }

    /// Width of the features, D_in.
    pub fn feature_dim(&self) -> usize {
        self.weight.len() / self.bias.len().max(1)
    }

    /// Width of the embedding, D.
    pub fn embed_dim(&self) -> usize {
        self.bias.len()
    }

    /// `features [B, D_in]` (after dropout) to `out [B, D]`, not normalised.
    pub fn forward(&self, features: &[f32], out: &mut [f32]) {
        let columns = self.feature_dim();
        product(Matrix::new(features, columns), Matrix::new(&self.weight, columns).transposed(), out);
        for row in out.chunks_exact_mut(self.bias.len().max(1)) {
            row.iter_mut().zip(&self.bias).for_each(|(y, b)| *y += b);
        }
    }

    /// The gradients by weight and bias for `features [B, D_in]` (after dropout) and `d_out [B, D]`, written over `into`.
    pub fn backward(&self, features: &[f32], d_out: &[f32], into: &mut Linear) {
        let d_out_matrix = Matrix::new(d_out, self.embed_dim());
        product(d_out_matrix.transposed(), Matrix::new(features, self.feature_dim()), &mut into.weight);
        into.bias.fill(0.0);
        for row in d_out.chunks_exact(self.embed_dim().max(1)) {
            into.bias.iter_mut().zip(row).for_each(|(sum, d)| *sum += d);
        }
    }
}

/// Inverted dropout in place, as `torch.nn.Dropout`: a value is zeroed with this probability, the others are divided by 1 - probability.
///
/// The mask is a function of seed and step alone. Probabilities are multiples of 2^-16.
pub fn dropout(features: &mut [f32], probability: f64, seed: u64, step: usize) {
    if probability <= 0.0 {
        return;
    }
    let limit = (probability * 65536.0).round() as u32;
    let scale = (1.0 / (1.0 - probability)) as f32;
    let mut bytes = vec![0u8; features.len() * 2];
    stream(seed, Purpose::Dropout, step).fill_bytes(&mut bytes);
    for (value, bytes) in features.iter_mut().zip(bytes.as_chunks::<2>().0) {
        *value = if u32::from(u16::from_le_bytes(*bytes)) < limit { 0.0 } else { *value * scale };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dropout_zeroes_its_share_and_keeps_the_mean() {
        let mut values = vec![1.0; 100_000];
        dropout(&mut values, 0.2, 1, 0);
        let zeros = values.iter().filter(|v| **v == 0.0).count();
        // Binomial: standard deviation 126.
        assert!((19_400..20_600).contains(&zeros), "{zeros}");
        assert!(values.iter().all(|v| *v == 0.0 || *v == 1.25));
    }

    #[test]
    fn dropout_masks_differ_between_steps_and_repeat_within_one() {
        let mask = |step| {
            let mut values = vec![1.0; 64];
            dropout(&mut values, 0.5, 1, step);
            values
        };
        assert_eq!(mask(3), mask(3));
        assert_ne!(mask(3), mask(4));
    }

    #[test]
    fn initial_values_fill_the_range_of_torch_and_depend_on_the_seed() {
        let linear = Linear::new(100, 50, 1);
        let largest = linear.weight.iter().fold(0f32, |a, b| a.max(b.abs()));
        assert!(largest <= 0.1 && largest > 0.099, "{largest}");
        assert_eq!(linear, Linear::new(100, 50, 1));
        assert_ne!(linear, Linear::new(100, 50, 2));
    }

    #[test]
    fn average_pooling_as_a_matrix_is_the_embedders_average_pooling() {
        let features: Vec<f32> = (0..10).map(|i| (i * i % 7) as f32 - 2.0).collect();
        let mut out = vec![0.0; 6];
        Linear::average_pool(5, 3).forward(&features, &mut out);
        out.chunks_exact_mut(3).for_each(mdfe_model::normalize);
        let pool = mdfe_model::Projection::AvgPool { feature_dim: 5, embed_dim: 3 };
        let expected = pool.embed(&features).unwrap();
        assert!(out.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-6), "{out:?} {expected:?}");
    }
}
