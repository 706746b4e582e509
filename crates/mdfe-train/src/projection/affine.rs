//! One affine layer, `y = x weightᵀ + bias`, and its gradients.

use crate::matmul::{Matrix, product};

/// First values of a layer: `weight [out, in]`, row-major, and `bias [out]`.
pub(super) struct Affine {
    pub(super) weight: Vec<f32>,
    pub(super) bias: Vec<f32>,
}

/// A layer's present values.
#[derive(Clone, Copy)]
pub(super) struct Layer<'a> {
    /// `[out, in]`.
    pub(super) weight: &'a [f32],
    /// `[out]`.
    pub(super) bias: &'a [f32],
}

impl Affine {
    /// Random values as `torch.nn.Linear` draws them: weight and bias uniform in ±1/sqrt(in), which is Kaiming's uniform distribution with
    /// a = sqrt(5). `draw` gives numbers in 0..1; they come from this crate's own stream of the seed, not torch's.
    pub(super) fn random(inputs: usize, outputs: usize, draw: &mut dyn FnMut() -> f64) -> Self {
        let bound = 1.0 / (inputs.max(1) as f64).sqrt();
        let mut values =
            |n: usize| (0..n).map(|_| ((draw() * 2.0 - 1.0) * bound) as f32).collect::<Vec<f32>>();
        Self { weight: values(inputs * outputs), bias: values(outputs) }
    }

    /// The map of adaptive average pooling, `torch.nn.AdaptiveAvgPool1d(out)`, as a matrix without bias.
    pub(super) fn average_pool(inputs: usize, outputs: usize) -> Self {
        let mut weight = vec![0.0; inputs * outputs];
        for (i, row) in weight.chunks_exact_mut(inputs.max(1)).enumerate() {
            let (from, to) = (i * inputs / outputs, ((i + 1) * inputs).div_ceil(outputs));
            row[from..to].fill(1.0 / (to - from) as f32);
        }
        Self { weight, bias: vec![0.0; outputs] }
    }
}

/// `x [B, in]` to `out [B, out]`.
pub(super) fn forward(layer: Layer<'_>, x: &[f32], out: &mut [f32]) {
    let outputs = layer.bias.len().max(1);
    let inputs = layer.weight.len() / outputs;
    product(Matrix::new(x, inputs), Matrix::new(layer.weight, inputs).transposed(), out);
    for row in out.chunks_exact_mut(outputs) {
        row.iter_mut().zip(layer.bias).for_each(|(y, b)| *y += b);
    }
}

/// The gradients by weight and bias for `x [B, in]` and `d_out [B, out]`, written over `into`.
pub(super) fn backward(x: &[f32], d_out: &[f32], (weight, bias): (&mut [f32], &mut [f32])) {
    let outputs = bias.len().max(1);
    let inputs = weight.len() / outputs;
    product(Matrix::new(d_out, outputs).transposed(), Matrix::new(x, inputs), weight);
    bias.fill(0.0);
    for row in d_out.chunks_exact(outputs) {
        bias.iter_mut().zip(row).for_each(|(sum, d)| *sum += d);
    }
}

/// The gradient by the input, `[B, in]`, for `d_out [B, out]`.
pub(super) fn backward_input(layer: Layer<'_>, d_out: &[f32], into: &mut [f32]) {
    let outputs = layer.bias.len().max(1);
    let inputs = layer.weight.len() / outputs;
    product(Matrix::new(d_out, outputs), Matrix::new(layer.weight, inputs), into);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initial_values_fill_the_range_of_torch() {
        let mut state = 1u64;
        let mut draw = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 11) as f64 / (1u64 << 53) as f64
        };
        let affine = Affine::random(100, 50, &mut draw);
        let largest = affine.weight.iter().fold(0f32, |a, b| a.max(b.abs()));
        assert!(largest <= 0.1 && largest > 0.099, "{largest}");
        assert_eq!((affine.weight.len(), affine.bias.len()), (5000, 50));
    }

    #[test]
    fn average_pooling_as_a_matrix_is_the_embedders_average_pooling() {
        let features: Vec<f32> = (0..10).map(|i| (i * i % 7) as f32 - 2.0).collect();
        let mut out = vec![0.0; 6];
        let Affine { weight, bias } = Affine::average_pool(5, 3);
        forward(Layer { weight: &weight, bias: &bias }, &features, &mut out);
        out.chunks_exact_mut(3).for_each(mdfe_model::normalize);
        let pool = mdfe_model::Projection::AvgPool { feature_dim: 5, embed_dim: 3 };
        let expected = pool.embed(&features).unwrap();
        assert!(out.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-6), "{out:?} {expected:?}");
    }

    /// `torch.nn.Linear` in f64, written by `tests/reference/train/generate.py`.
    #[test]
    fn values_and_gradients_are_those_of_torch() {
        let all: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/fixtures/optimizers.json")).unwrap();
        let numbers = |key: &str| -> Vec<f32> {
            let values = all["linear"][key].as_array().unwrap();
            values.iter().map(|value| value.as_f64().unwrap() as f32).collect()
        };
        // Sums of at most five products in f32: 1e-6 of values up to a few units.
        let same = |found: &[f32], key: &str| {
            let expected = numbers(key);
            assert_eq!(found.len(), expected.len());
            assert!(found.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-6), "{key}: {found:?}");
        };
        let (weight, bias, x, d_out) = (numbers("weight"), numbers("bias"), numbers("x"), numbers("d_out"));
        let mut out = vec![0.0; 12];
        forward(Layer { weight: &weight, bias: &bias }, &x, &mut out);
        same(&out, "out");
        let (mut d_weight, mut d_bias) = (vec![9.0; 15], vec![9.0; 3]);
        backward(&x, &d_out, (&mut d_weight, &mut d_bias));
        same(&d_weight, "d_weight");
        same(&d_bias, "d_bias");
    }
}
