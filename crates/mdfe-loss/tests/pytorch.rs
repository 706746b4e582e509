//! The fused step against PyTorch autograd in f64.
// A test may fail loudly.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{assert_close, assert_near, assert_state, cases};
use mdfe_loss::{Batch, FusedStep, LossOptions};

/// The accuracy that the crate promises for f32. What is seen is a few 1e-6: a cosine is off by up to 1e-7 and the scale multiplies that by 64.
const TOLERANCE: f64 = 1e-5;

#[test]
fn fused_values_gradients_and_states_equal_pytorch_in_f64() {
    let mut failures = Vec::new();
    for case in cases() {
        let check = || {
            let mut fused = FusedStep::new(case.loss.clone(), case.shape).unwrap();
            let mut state = case.loss.initial_state();
            for (index, step) in case.steps.iter().enumerate() {
                let what = format!("{}, step {index}", case.name);
                let batch = Batch { embedding: &step.embedding, labels: &step.labels };
                let found = fused.loss_and_grad(batch, &step.centers, &mut state).unwrap();
                assert_near(&what, found.loss, step.loss, TOLERANCE);
                assert_close(
                    &format!("{what}, embedding"),
                    &found.embedding,
                    &step.embedding_grad,
                    TOLERANCE,
                    1e-9,
                );
                assert_close(
                    &format!("{what}, centers"),
                    &found.centers,
                    &step.centers_grad,
                    TOLERANCE,
                    1e-3,
                );
                assert_state(&what, &state, &step.state, 1e-6);
            }
        };
        if let Err(panic) = std::panic::catch_unwind(std::panic::AssertUnwindSafe(check)) {
            failures.push(panic.downcast_ref::<String>().cloned().unwrap_or_default());
        }
    }
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn every_loss_has_reference_cases_and_a_line_in_the_readme() {
    let cases = cases();
    for name in LossOptions::NAMES {
        let count = cases.iter().filter(|case| case.loss.name() == name).count();
        assert!(
            count >= 2,
            "{name} has {count} cases in tests/fixtures/reference.json, made by tests/reference/loss"
        );
        assert!(
            include_str!("../README.md").contains(&format!("\n| `{name}`")),
            "README.md: no row for {name}"
        );
    }
}
