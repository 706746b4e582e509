//! The blocked loss on CUDA against the fused step on the CPU. Needs a GPU: `cargo test -p mdfe-loss --features cuda --test cuda`.
#![cfg(feature = "cuda")]
// A test may fail loudly.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use candle_core::{Device, Tensor, Var};
use common::{assert_close, assert_near, cases_of};
use mdfe_loss::MarginSoftmax;

#[test]
fn cuda_equals_cpu_to_1e_4() {
    let device = Device::new_cuda(0).unwrap();
    for case in &cases_of(&["random", "near the centers"]) {
        let step = &case.steps[0];
        let var = |values: &[f32], rows| {
            Var::from_tensor(&Tensor::from_slice(values, (rows, case.shape.embed_dim), &device).unwrap())
                .unwrap()
        };
        let (x, w) = (var(&step.embedding, step.labels.len()), var(&step.centers, case.shape.rows()));
        let mut op = MarginSoftmax::new(case.loss.clone(), case.shape).unwrap();
        let loss = op.forward(&x, &step.labels, &w, &mut case.loss.initial_state()).unwrap();
        assert_near(&case.name, f64::from(loss.to_scalar::<f32>().unwrap()), step.loss, 1e-4);
        let gradients = loss.backward().unwrap();
        let values =
            |var: &Var| -> Vec<f32> { gradients.get(var).unwrap().flatten_all().unwrap().to_vec1().unwrap() };
        assert_close(&case.name, &values(&x), &step.embedding_grad, 1e-4, 1e-9);
        assert_close(&case.name, &values(&w), &step.centers_grad, 1e-4, 1e-9);
    }
}
