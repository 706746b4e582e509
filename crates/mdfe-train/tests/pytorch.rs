//! Optimizers, schedules, the projection and whole trainings against PyTorch in f64. See tests/reference/train for where the values come from.
// Helpers of tests may fail as loudly as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

use mdfe_loss::{ArcFace, LossOptions};
use mdfe_train::{
    Course, MemoryFeatures, Moments, OptimizerKind, OptimizerOptions, Outcome, Recipe, RunLog, Schedule,
    ScheduleKind, Trainer, UpdateRule, Warmup,
};
use serde_json::Value;
use std::sync::atomic::AtomicBool;

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

/// Fifty f32 steps on weights of about 1: each rounds to 6e-8 a few times, in either direction, so 2e-6 is what rounding alone may cost.
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

/// A run of recipes.json through the trainer itself: the losses of its steps, its learning rates as `metrics.jsonl` has them, and what it
/// has learnt.
struct Trained {
    losses: Vec<f64>,
    rates: Vec<f64>,
    end: Vec<f32>,
}

fn train(fixture: &Value, run: &Value) -> Trained {
    let number = |key: &str| fixture[key].as_f64().unwrap();
    let count = |key: &str| fixture[key].as_u64().unwrap() as usize;
    let text = |key: &str| run[key].as_str().unwrap();
    let labels = doubles(&fixture["labels"]).into_iter().map(|label| label as u32).collect();
    let source = MemoryFeatures::new(floats(&fixture["features"]), count("dim"), labels).unwrap();
    let mut recipe = Recipe::default();
    recipe.projection.embed_dim = count("embed_dim");
    recipe.projection.dropout = number("dropout");
    recipe.loss.sub_centers = count("sub_centers");
    recipe.loss.options = LossOptions::ArcFace(ArcFace { scale: number("scale"), margin: number("margin") });
    recipe.optimizer.name = kind_of(text("optimizer"));
    recipe.optimizer.lr = number("lr");
    recipe.optimizer.weight_decay = number("weight_decay");
    recipe.optimizer.momentum = number("momentum");
    recipe.optimizer.rho = number("rho");
    recipe.schedule = schedule(run, number("min_lr"), count("warmup_steps"));
    recipe.train.batch = count("batch");
    recipe.train.steps = Some(count("steps"));
    recipe.train.seed = fixture["seed"].as_u64().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let mut log = RunLog::new(dir.path(), 0).unwrap();
    let mut trainer = Trainer::new(recipe, &source).unwrap();
    assert_eq!(trainer.run(None, &mut log, &AtomicBool::new(false)).unwrap(), Outcome::Finished);
    log.finish().unwrap();
    let metrics = std::fs::read_to_string(dir.path().join(RunLog::METRICS)).unwrap();
    let line = |line: &str| serde_json::from_str::<Value>(line).unwrap();
    let column = |key: &str| metrics.lines().map(|text| line(text)[key].as_f64().unwrap()).collect();
    let state = trainer.state();
    let end = ["projection.weight", "projection.bias", "centers"].map(|name| state.values(name)).concat();
    Trained { losses: column("loss"), rates: column("lr"), end }
}

fn schedule(case: &Value, min_lr: f64, warmup_steps: usize) -> Schedule {
    let text = |key: &str| case[key].as_str().unwrap();
    let name = ScheduleKind::ALL.iter().copied().find(|kind| kind.name() == text("schedule")).unwrap();
    let warmup = Warmup::ALL.iter().copied().find(|kind| kind.name() == text("warmup")).unwrap();
    Schedule { name, warmup, min_lr: Some(min_lr), warmup_steps: Some(warmup_steps), ..Schedule::default() }
}

fn recipes() -> Value {
    serde_json::from_str(include_str!("fixtures/recipes.json")).unwrap()
}

/// Learning rates are f64 on both sides; torch works the cosine out from step to step, which costs it some digits.
fn assert_same_rates(what: &str, found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!((found - expected).abs() <= 1e-9 * expected, "{what}, rate {i}: {found}, not {expected}");
    }
}

#[test]
fn learning_rates_are_those_of_torch_and_pytorch_warmup() {
    let fixture = recipes();
    let courses = fixture["courses"].as_array().unwrap();
    for case in courses {
        let number = |key: &str| case[key].as_f64().unwrap();
        let course = Course { total: number("total") as usize, warmup: number("warmup_steps") as usize };
        let schedule = schedule(case, number("min_lr"), course.warmup);
        let rate = |step: f64| schedule.rate(number("lr"), step as usize, course);
        let found: Vec<f64> = doubles(&case["steps"]).into_iter().map(rate).collect();
        let what = format!("{}, {} warm-up, {course:?}", case["schedule"], case["warmup"]);
        assert_same_rates(&what, &found, &doubles(&case["rates"]));
    }
    for schedule in ScheduleKind::ALL {
        for warmup in Warmup::ALL {
            let has = |case: &&Value| case["schedule"] == schedule.name() && case["warmup"] == warmup.name();
            assert_eq!(
                courses.iter().filter(has).count(),
                3,
                "recipes.py has no course of {schedule:?}, {warmup:?}"
            );
        }
    }
}

/// Fifty steps of every optimizer under every schedule and warm-up, with dropout, an order of its own in every epoch and a smaller last
/// batch: a training in f32 against the same in f64. Rounding alone, through fifty steps, comes to 1.4e-6 here; 1e-5 leaves room for
/// kernels that sum in another order.
#[test]
fn a_training_is_pytorchs_step_for_step() {
    let fixture = recipes();
    let (runs, courses) = (fixture["runs"].as_array().unwrap(), fixture["courses"].as_array().unwrap());
    assert_eq!(runs.len(), OptimizerKind::ALL.len() * ScheduleKind::ALL.len() * Warmup::ALL.len());
    for run in runs {
        let what = format!("{}, {}, {} warm-up", run["optimizer"], run["schedule"], run["warmup"]);
        let trained = train(&fixture, run);
        let same = |case: &&Value| {
            ["schedule", "warmup"].iter().all(|key| case[key] == run[key])
                && case["total"] == fixture["steps"]
        };
        let course = courses.iter().find(same).unwrap();
        assert_same_rates(&what, &trained.rates, &doubles(&course["rates"]));
        let losses: Vec<f32> = trained.losses.iter().map(|&loss| loss as f32).collect();
        assert_close(&format!("{what}, loss"), &losses, &doubles(&run["losses"]), 1e-5);
        assert_close(&format!("{what}, parameter"), &trained.end, &doubles(&run["end"]), 1e-5);
    }
}
