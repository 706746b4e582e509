//! The fused step, the unfused reference and central differences agree.
// A test may fail loudly.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use candle_core::{DType, Device, Tensor, Var};
use common::{Case, Step, assert_close, assert_near, assert_state, cases_of};
use mdfe_loss::{
    AdaCos, AdaFace, AdaFaceState, Batch, BlockedLoss, CurricularFace, CurricularFaceState, FusedStep,
    LossOptions, LossState, MarginLoss, MarginSoftmax, unfused_loss,
};

/// At the poles, at ties and below the least norm candle's maximum and clamp share the gradient out in other ways.
const REGULAR: [&str; 3] = ["random", "near the centers", "threshold"];

/// The embeddings `[B, D]` and centers `[C*K, D]` of a step in f64.
struct Inputs {
    x: Var,
    w: Var,
}

impl Inputs {
    fn new(case: &Case, step: &Step) -> Self {
        let var = |values: &[f32], rows| {
            let tensor = Tensor::from_slice(values, (rows, case.shape.embed_dim), &Device::Cpu).unwrap();
            Var::from_tensor(&tensor.to_dtype(DType::F64).unwrap()).unwrap()
        };
        Self { x: var(&step.embedding, step.labels.len()), w: var(&step.centers, case.shape.rows()) }
    }

    /// Asserts that a loss of these inputs and its gradients are the step's.
    fn check(&self, case: &Case, step: &Step, loss: &Tensor) {
        // The tolerance is that of the fixture's f32 gradients; values agree far better.
        assert_near(&case.name, loss.to_scalar::<f64>().unwrap(), step.loss, 1e-8);
        let gradients = loss.backward().unwrap();
        let values = |var: &Var| -> Vec<f32> {
            let gradient = gradients.get(var).unwrap().to_dtype(DType::F32).unwrap();
            gradient.flatten_all().unwrap().to_vec1().unwrap()
        };
        assert_close(&case.name, &values(&self.x), &step.embedding_grad, 1e-6, 1e-9);
        assert_close(&case.name, &values(&self.w), &step.centers_grad, 1e-6, 1e-9);
    }
}

#[test]
fn unfused_in_f64_equals_pytorch() {
    for case in &cases_of(&REGULAR) {
        let mut state = case.loss.initial_state();
        for step in &case.steps {
            let inputs = Inputs::new(case, step);
            let loss = unfused_loss(&case.loss, &inputs.x, &step.labels, &inputs.w, &mut state).unwrap();
            inputs.check(case, step, &loss);
            assert_state(&case.name, &state, &step.state, 1e-8);
        }
    }
}

/// The loss of a case with a state that steps leave alone, so that it is a function of its inputs.
fn frozen(case: &Case) -> (MarginLoss, LossState) {
    let (options, state) = match case.loss.name() {
        "AdaCos" => (LossOptions::AdaCos(AdaCos { dynamic: false, scale: None }), case.loss.initial_state()),
        "CurricularFace" => {
            let options = CurricularFace { momentum: 1.0, ..Default::default() };
            (LossOptions::CurricularFace(options), LossState::CurricularFace(CurricularFaceState { t: 0.3 }))
        }
        "AdaFace" => {
            let options = AdaFace { momentum: 1.0, ..Default::default() };
            let state = AdaFaceState { batch_mean: 2.0, batch_std: 1.0 };
            (LossOptions::AdaFace(options), LossState::AdaFace(state))
        }
        _ => return (case.loss.clone(), case.loss.initial_state()),
    };
    (MarginLoss::new(&options, case.shape.num_classes, None).unwrap(), state)
}

#[test]
fn central_differences_in_f64_confirm_every_gradient() {
    const H: f64 = 1e-6;
    for case in &cases_of(&["random K=3"]) {
        let (step, (loss, state), dim) = (&case.steps[1], frozen(case), case.shape.embed_dim);
        let value = |x: &[f64], w: &[f64]| {
            let tensor = |v: &[f64], rows| Tensor::from_slice(v, (rows, dim), &Device::Cpu).unwrap();
            let (x, w) = (tensor(x, step.labels.len()), tensor(w, case.shape.rows()));
            unfused_loss(&loss, &x, &step.labels, &w, &mut state.clone()).unwrap().to_scalar::<f64>().unwrap()
        };
        let wide = |v: &[f32]| v.iter().map(|&v| f64::from(v)).collect::<Vec<f64>>();
        let (x, w) = (wide(&step.embedding), wide(&step.centers));
        let difference = |of_x: bool, at: usize| {
            let moved = |h: f64| {
                let (mut x, mut w) = (x.clone(), w.clone());
                *(if of_x { &mut x[at] } else { &mut w[at] }) += h;
                value(&x, &w)
            };
            (moved(H) - moved(-H)) / (2.0 * H)
        };
        let by_w: Vec<f32> = (0..w.len()).map(|at| difference(false, at) as f32).collect();
        // AdaFace's margin follows the norm, through which no gradient flows: what a change of the norm does is along the row, where every
        // other part of the gradient is zero, so that part is taken out.
        let mut by_x: Vec<f64> = (0..x.len()).map(|at| difference(true, at)).collect();
        for (gradient, row) in by_x.chunks_mut(dim).zip(x.chunks(dim)) {
            let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
            let along = dot(gradient, row) / dot(row, row);
            gradient.iter_mut().zip(row).for_each(|(g, x)| *g -= along * x);
        }
        let by_x: Vec<f32> = by_x.into_iter().map(|g| g as f32).collect();
        let mut fused = FusedStep::new(loss.clone(), case.shape).unwrap();
        let batch = Batch { embedding: &step.embedding, labels: &step.labels };
        let found = fused.loss_and_grad(batch, &step.centers, &mut state.clone()).unwrap();
        // The differences are good to h^2 times a third derivative of up to 64^3, and to 1e-16 / h.
        assert_close(&case.name, &found.embedding, &by_x, 1e-5, 1e-9);
        assert_close(&case.name, &found.centers, &by_w, 1e-5, 1e-9);
    }
}

#[test]
fn backward_through_candle_returns_the_fused_gradients() {
    for case in &cases_of(&["random"]) {
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
    for case in &cases_of(&REGULAR) {
        for block_classes in [1, 3, 1000] {
            let blocked = BlockedLoss { loss: case.loss.clone(), block_classes };
            let mut state = case.loss.initial_state();
            for step in &case.steps {
                let inputs = Inputs::new(case, step);
                let loss = blocked.forward(&inputs.x, &step.labels, &inputs.w, &mut state).unwrap();
                inputs.check(case, step, &loss);
                assert_state(&case.name, &state, &step.state, 1e-8);
            }
        }
    }
}
