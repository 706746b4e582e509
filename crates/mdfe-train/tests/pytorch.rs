//! Optimizers and the projection against PyTorch in f64. See tests/reference/train/generate.py for where the values come from.
// Helpers of tests may fail as loudly as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

use mdfe_train::{Moments, OptimizerKind, OptimizerOptions, UpdateRule};
use serde_json::Value;

fn fixture() -> Value {
    serde_json::from_str(include_str!("fixtures/optimizers.json")).unwrap()
}

fn doubles(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn floats(value: &Value) -> Vec<f32> {
    doubles(value).into_iter().map(|v| v as f32).collect()
}

fn assert_close(what: &str, found: &[f32], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len());
    for (i, (&found, &expected)) in found.iter().zip(expected).enumerate() {
        let error = (f64::from(found) - expected).abs();
        assert!(error <= tolerance * expected.abs().max(1.0), "{what}, value {i}: {found}, not {expected}");
    }
}

/// A dozen f32 steps on weights of about 1: each rounds to 6e-8 a few times, so 2e-6 is what rounding alone may cost.
#[test]
fn optimizers_step_as_torch_optim() {
    let fixture = fixture();
    let (start, rates) = (floats(&fixture["start"]), doubles(&fixture["rates"]));
    for (name, case) in fixture["cases"].as_object().unwrap() {
        let option = |key: &str| case["options"][key].as_f64();
        let kind = kind_of(name);
        let mut options = OptimizerOptions { name: kind, ..Default::default() };
        options.weight_decay = option("weight_decay").unwrap();
        options.momentum = option("momentum").unwrap_or(options.momentum);
        options.eps = option("eps").unwrap_or(options.eps);
        if let Some(betas) = case["options"]["betas"].as_array() {
            options.betas = [betas[0].as_f64().unwrap(), betas[1].as_f64().unwrap()];
        }
        let (mut weight, mut moments) = (start.clone(), Moments::new(kind, start.len()));
        let mut recorded = case["weights"].as_array().unwrap().iter();
        assert_eq!(recorded.len(), 3, "{name}");
        for (step, &rate) in rates.iter().enumerate() {
            let gradient = floats(&fixture["gradients"][step]);
            UpdateRule::new(&options, rate, step).apply(&mut weight, &gradient, &mut moments);
            if fixture["recorded_steps"].as_array().unwrap().contains(&Value::from(step)) {
                let expected = doubles(recorded.next().unwrap());
                assert_close(&format!("{name}, step {step}"), &weight, &expected, 2e-6);
            }
        }
        assert!(recorded.next().is_none(), "{name}: every recorded step is compared");
    }
}

/// The optimizer of a case: the first word of its name.
fn kind_of(case: &str) -> OptimizerKind {
    let name = case.split(' ').next().unwrap();
    OptimizerKind::ALL.iter().copied().find(|kind| kind.name() == name).unwrap()
}

/// The values of a sharpness-aware optimizer are those of its base; what it adds is tested with the trainer.
#[test]
fn every_optimizer_has_a_case() {
    let fixture = fixture();
    let cases: Vec<OptimizerKind> =
        fixture["cases"].as_object().unwrap().keys().map(|name| kind_of(name)).collect();
    for kind in OptimizerKind::ALL.iter().filter(|kind| !kind.is_sharpness_aware()) {
        assert!(cases.contains(kind), "tests/reference/train/generate.py has no case of {kind:?}");
    }
}

#[test]
#[should_panic(expected = "length of the second moment")]
fn moments_of_another_optimizer_are_refused() {
    let options = OptimizerOptions { name: OptimizerKind::Adam, ..OptimizerOptions::default() };
    let mut moments = Moments::new(OptimizerKind::SGD, 3);
    UpdateRule::new(&options, 0.1, 0).apply(&mut [1.0; 3], &[1.0; 3], &mut moments);
}

/// A parameter that several threads share has the values that torch gives each part of it.
#[test]
fn long_parameters_step_as_short_ones() {
    for &name in OptimizerKind::ALL {
        let options = OptimizerOptions { name, weight_decay: 0.1, ..OptimizerOptions::default() };
        let (short, copies) = (vec![0.5, -1.0, 2.0, 0.0, 1e-3, -7.0, 3.0], 10_000);
        let gradient: Vec<f32> = short.iter().map(|value| 0.3 - value * value).collect();
        let after = |copies: usize| {
            let (mut weight, gradient) = (short.repeat(copies), gradient.repeat(copies));
            let mut moments = Moments::new(name, weight.len());
            (0..3).for_each(|step| {
                UpdateRule::new(&options, 0.1, step).apply(&mut weight, &gradient, &mut moments)
            });
            weight
        };
        assert_ne!(after(1), short, "{name:?}");
        assert!(after(copies) == after(1).repeat(copies), "{name:?}");
    }
}
