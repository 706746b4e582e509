//! The fused step, the unfused reference and central differences agree.
// A test may fail loudly.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use candle_core::{DType, Device, Tensor, Var};
use common::{assert_close, assert_near, cases, numbers};
use mdfe_loss::{Batch, BlockedLoss, FusedStep, LossState, MarginSoftmax, unfused_loss};

fn is_regular(name: &str) -> bool {
    // At the poles, at ties and below the least norm candle's maximum and clamp share the gradient out in other ways.
    name.contains("random") || name.contains("near the centers") || name.contains("threshold")
}

#[test]
fn unfused_in_f64_equals_pytorch() {
    for case in cases().iter().filter(|case| is_regular(&case.name)) {
        let mut state = case.loss.initial_state();
        for step in &case.steps {
            let var = |values: &[f32], rows| {
                let tensor = Tensor::from_slice(values, (rows, case.shape.embed_dim), &Device::Cpu).unwrap();
                Var::from_tensor(&tensor.to_dtype(DType::F64).unwrap()).unwrap()
            };
            let (x, w) = (var(&step.embedding, step.labels.len()), var(&step.centers, case.shape.rows()));
            let loss = unfused_loss(&case.loss, &x, &step.labels, &w, &mut state).unwrap();
            // The tolerance is that of the fixture's f32 gradients; values agree far better.
            assert_near(&case.name, loss.to_scalar::<f64>().unwrap(), step.loss, 1e-8);
            let gradients = loss.backward().unwrap();
            let values = |var: &Var| -> Vec<f32> {
                let gradient = gradients.get(var).unwrap().to_dtype(DType::F32).unwrap();
                gradient.flatten_all().unwrap().to_vec1().unwrap()
            };
            assert_close(&case.name, &values(&x), &step.embedding_grad, (1e-6, 1e-9));
            assert_close(&case.name, &values(&w), &step.centers_grad, (1e-6, 1e-9));
            numbers(&state).iter().zip(&step.state).for_each(|(a, b)| assert_near(&case.name, *a, *b, 1e-8));
        }
    }
}

#[test]
fn central_differences_in_f64_confirm_every_gradient() {
    const H: f64 = 1e-6;
    for case in cases().iter().filter(|case| case.name.contains("random K=3")) {
        let step = &case.steps[1];
        // AdaFace's norms and AdaCos' scale are constants of the gradient, so the state is held by evaluating from the frozen next state.
        let value = |x: &[f64], w: &[f64], state: &LossState| {
            let tensor =
                |v: &[f64], rows| Tensor::from_slice(v, (rows, case.shape.embed_dim), &Device::Cpu).unwrap();
            let (x, w) = (tensor(x, step.labels.len()), tensor(w, case.shape.rows()));
            let mut state = state.clone();
            unfused_loss(&case.loss, &x, &step.labels, &w, &mut state).unwrap().to_scalar::<f64>().unwrap()
        };
        if case.loss.name() == "AdaFace"
            || case.loss.name() == "AdaCos"
            || case.loss.name() == "CurricularFace"
        {
            continue; // The state follows the input: `stop_gradient_losses_have_the_gradient_of_their_frozen_state` checks these.
        }
        let state = case.loss.initial_state();
        let wide = |v: &[f32]| v.iter().map(|&v| f64::from(v)).collect::<Vec<f64>>();
        let (x, w) = (wide(&step.embedding), wide(&step.centers));
        let difference = |which: usize, at: usize| {
            let moved = |h: f64| {
                let (mut x, mut w) = (x.clone(), w.clone());
                if which == 0 {
                    x[at] += h
                } else {
                    w[at] += h
                }
                value(&x, &w, &state)
            };
            ((moved(H) - moved(-H)) / (2.0 * H)) as f32
        };
        let by_x: Vec<f32> = (0..x.len()).map(|at| difference(0, at)).collect();
        let by_w: Vec<f32> = (0..w.len()).map(|at| difference(1, at)).collect();
        let mut fused = FusedStep::new(case.loss.clone(), case.shape).unwrap();
        let batch = Batch { embedding: &step.embedding, labels: &step.labels };
        let found = fused.loss_and_grad(batch, &step.centers, &mut state.clone()).unwrap();
        // The differences are good to h^2 times a third derivative of s^3 = 64^3, and to 1e-16 / h.
        assert_close(&case.name, &found.embedding, &by_x, (1e-5, 1e-9));
        assert_close(&case.name, &found.centers, &by_w, (1e-5, 1e-9));
    }
}

#[test]
fn stop_gradient_losses_have_the_gradient_of_their_frozen_state() {
    const H: f32 = 1e-3;
    for case in cases().iter().filter(|case| case.name.contains("random K=3")) {
        if !["AdaCos", "CurricularFace"].contains(&case.loss.name()) {
            continue;
        }
        let step = &case.steps[1];
        let mut fused = FusedStep::new(case.loss.clone(), case.shape).unwrap();
        let mut state = case.loss.initial_state();
        let batch = Batch { embedding: &step.embedding, labels: &step.labels };
        let found = fused.loss_and_grad(batch, &step.centers, &mut state).unwrap();
        let largest = found.embedding.iter().fold(0.0_f32, |m, v| m.max(v.abs()));
        let mut agreeing = 0;
        for at in 0..step.embedding.len() {
            let mut moved = |h: f32| {
                let mut x = step.embedding.clone();
                x[at] += h;
                fused.loss(Batch { embedding: &x, labels: &step.labels }, &step.centers, &state).unwrap()
            };
            let slope = (moved(H) - moved(-H)) / f64::from(2.0 * H);
            // f32 cosines and a wide step: 2 % of the largest.
            agreeing +=
                usize::from((slope - f64::from(found.embedding[at])).abs() <= 0.02 * f64::from(largest));
        }
        // A step may cross a hard negative's bound or a change of winners, where the loss has a kink.
        assert!(
            agreeing * 10 >= step.embedding.len() * 9,
            "{}: {agreeing} of {}",
            case.name,
            step.embedding.len()
        );
    }
}

#[test]
fn backward_through_candle_returns_the_fused_gradients() {
    for case in cases().iter().filter(|case| case.name.contains("random")) {
        let step = &case.steps[1];
        let var = |values: &[f32], rows| {
            Var::from_tensor(&Tensor::from_slice(values, (rows, case.shape.embed_dim), &Device::Cpu).unwrap())
                .unwrap()
        };
        let (x, w) = (var(&step.embedding, step.labels.len()), var(&step.centers, case.shape.rows()));
        let mut op = MarginSoftmax::new(case.loss.clone(), case.shape).unwrap();
        let loss = op.forward(&x, &step.labels, &w, &mut case.loss.initial_state()).unwrap();
        let gradients = (loss * 2.0).unwrap().backward().unwrap();
        let mut fused = FusedStep::new(case.loss.clone(), case.shape).unwrap();
        let batch = Batch { embedding: &step.embedding, labels: &step.labels };
        let expected = fused.loss_and_grad(batch, &step.centers, &mut case.loss.initial_state()).unwrap();
        let half = |var: &Var| -> Vec<f32> {
            let gradient = (gradients.get(var).unwrap() * 0.5).unwrap();
            gradient.flatten_all().unwrap().to_vec1().unwrap()
        };
        assert_eq!(half(&x), expected.embedding, "{}", case.name);
        assert_eq!(half(&w), expected.centers, "{}", case.name);
    }
}

#[test]
fn blocked_equals_unfused_for_every_block_size() {
    for case in cases().iter().filter(|case| is_regular(&case.name)) {
        for block_classes in [1, 3, 1000] {
            let blocked = BlockedLoss { loss: case.loss.clone(), block_classes };
            let mut state = case.loss.initial_state();
            for step in &case.steps {
                let var = |values: &[f32], rows| {
                    let tensor =
                        Tensor::from_slice(values, (rows, case.shape.embed_dim), &Device::Cpu).unwrap();
                    Var::from_tensor(&tensor.to_dtype(DType::F64).unwrap()).unwrap()
                };
                let (x, w) = (var(&step.embedding, step.labels.len()), var(&step.centers, case.shape.rows()));
                let loss = blocked.forward(&x, &step.labels, &w, &mut state).unwrap();
                assert_near(&case.name, loss.to_scalar::<f64>().unwrap(), step.loss, 1e-8);
                let gradients = loss.backward().unwrap();
                let values = |var: &Var| -> Vec<f32> {
                    let gradient = gradients.get(var).unwrap().to_dtype(DType::F32).unwrap();
                    gradient.flatten_all().unwrap().to_vec1().unwrap()
                };
                assert_close(&case.name, &values(&x), &step.embedding_grad, (1e-6, 1e-9));
                assert_close(&case.name, &values(&w), &step.centers_grad, (1e-6, 1e-9));
                numbers(&state)
                    .iter()
                    .zip(&step.state)
                    .for_each(|(a, b)| assert_near(&case.name, *a, *b, 1e-8));
            }
        }
    }
}
