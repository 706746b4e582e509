//! The run folder, and the gain that training brings.
// Helpers of tests may fail as loudly as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

use mdfe_eval::{Evaluation, Retrieval, Rows};
use mdfe_train::{MemoryFeatures, Observer, ProjectionOptions, Recipe, RunLog, StepReport, Trainer, compare};
use rand::{RngExt, SeedableRng};
use std::sync::atomic::AtomicBool;

fn report(step: usize) -> StepReport {
    StepReport { step, epoch: 0, total_steps: 5, loss: 9.0 - step as f64, lr: 0.1, samples_per_s: 1.0 }
}

#[test]
fn resumed_log_is_one_whole_record_without_the_half_line() {
    let dir = tempfile::tempdir().unwrap();
    let metrics = dir.path().join(RunLog::METRICS);
    let mut log = RunLog::new(dir.path(), 0).unwrap();
    (0..3).for_each(|step| log.step(&report(step)).unwrap());
    log.finish().unwrap();
    let text = std::fs::read_to_string(&metrics).unwrap();
    std::fs::write(&metrics, text.trim_end().strip_suffix('}').unwrap()).unwrap();
    let mut log = RunLog::new(dir.path(), 2).unwrap();
    (2..5).for_each(|step| log.step(&report(step)).unwrap());
    log.finish().unwrap();
    let text = std::fs::read_to_string(&metrics).unwrap();
    let steps: Vec<StepReport> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(steps, (0..5).map(report).collect::<Vec<_>>());
    assert_eq!(
        heights(&dir.path().join("lr.svg")),
        [heights(&dir.path().join("lr.svg"))[0]; 5],
        "the rate stays"
    );
    // The loss falls by one a step, which is down the page: y grows.
    let loss = heights(&dir.path().join("loss.svg"));
    let falls: Vec<i64> = loss.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(
        falls.len() == 4 && falls.iter().all(|fall| (fall - falls[0]).abs() <= 1 && *fall > 9),
        "{loss:?}"
    );
}

/// The y coordinates of the points of a curve: of its blue line, the axes being black.
fn heights(path: &std::path::Path) -> Vec<i64> {
    let svg = std::fs::read_to_string(path).unwrap();
    let line = svg.lines().find(|line| line.contains("polyline") && line.contains("#0000FF")).unwrap();
    let points = line.split_once("points=\"").unwrap().1.split('"').next().unwrap();
    points.split_whitespace().map(|point| point.split_once(',').unwrap().1.parse().unwrap()).collect()
}

#[test]
fn killed_run_has_the_line_of_every_step_that_it_reported() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = RunLog::new(dir.path(), 0).unwrap();
    (0..3).for_each(|step| log.step(&report(step)).unwrap());
    // A kill runs no destructor.
    std::mem::forget(log);
    let text = std::fs::read_to_string(dir.path().join(RunLog::METRICS)).unwrap();
    assert_eq!(text.lines().count(), 3);
}

#[test]
fn damaged_record_is_an_error_that_names_the_line_and_stays_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let metrics = dir.path().join(RunLog::METRICS);
    let damaged = format!("{}\n{{\"step\": \n", serde_json::to_string(&report(0)).unwrap());
    std::fs::write(&metrics, &damaged).unwrap();
    let message = RunLog::new(dir.path(), 2).err().unwrap().to_string();
    assert!(message.starts_with("line 2 of ") && message.contains("metrics.jsonl"), "{message}");
    assert_eq!(std::fs::read_to_string(&metrics).unwrap(), damaged);
}

/// Samples whose first 4 of 32 features carry the class; the others are noise of the same size.
fn samples(classes: std::ops::Range<u32>, seed: u64) -> (Vec<f32>, Vec<u32>) {
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
    let labels: Vec<u32> = classes.flat_map(|class| [class; 6]).collect();
    let mut features = Vec::new();
    for &label in &labels {
        let own = rand_chacha::ChaCha8Rng::seed_from_u64(u64::from(label)).random::<[f32; 4]>();
        features.extend(own.map(|v| v * 2.0 - 1.0));
        features.extend((0..28).map(|_| rng.random::<f32>() * 2.0 - 1.0));
    }
    (features, labels)
}

#[test]
fn training_beats_the_raw_features_on_unseen_classes() {
    let (features, labels) = samples(0..60, 1);
    let source = MemoryFeatures::new(features, 32, labels).unwrap();
    let mut recipe = Recipe {
        projection: ProjectionOptions { embed_dim: 8, dropout: 0.0, ..Default::default() },
        ..Recipe::default()
    };
    recipe.train.epochs = 40;
    let mut trainer = Trainer::new(recipe, &source).unwrap();
    trainer.run(None, &mut (), &AtomicBool::new(false)).unwrap();
    let (features, labels) = samples(100..140, 2);
    let labels: Vec<i64> = labels.into_iter().map(i64::from).collect();
    let all = Retrieval { embeddings: Rows::new(&features, 32).unwrap(), labels: &labels, domains: None };
    let found =
        compare(&trainer.projection().unwrap(), all, all, &Evaluation::leave_one_out()).unwrap().comparison;
    let score = |report: &mdfe_eval::Report| report.overall.get("mMP@5").copied().flatten().unwrap();
    let (raw, pooled, trained) = (score(&found.raw), score(&found.pooled), score(&found.trained));
    assert!(trained > raw + 0.1 && trained > pooled, "raw {raw}, pooled {pooled}, trained {trained}");
}
