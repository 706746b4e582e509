//! A small data set, and trainings of it.
#![allow(dead_code, clippy::unwrap_used)] // each test uses its part; helpers of tests may unwrap as the tests do

use mdfe_train::{
    Checkpoints, Error, Facts, MemoryFeatures, Outcome, Pass, ProjectionOptions, Recipe, Sink, Source,
    StepReport, TrainOptions, TrainState, Trainer, Watch,
};
use rand::{RngExt, SeedableRng};
use std::sync::atomic::{AtomicBool, Ordering};

pub(crate) static NEVER: AtomicBool = AtomicBool::new(false);

/// Width of the features.
pub(crate) const DIM: usize = 24;

/// Features in memory with domains.
pub(crate) struct Toy {
    pub(crate) features: Vec<f32>,
    inner: MemoryFeatures,
    facts: Facts,
}

impl Toy {
    /// These features `[N, dim]`.
    pub(crate) fn of(features: Vec<f32>, dim: usize, labels: Vec<u32>) -> Self {
        let inner = MemoryFeatures::new(features.clone(), dim, labels).unwrap();
        let mut facts = inner.facts().clone();
        facts.domains = (0..facts.len() as u32).map(|i| i % 8 / 6).collect();
        Self { features, inner, facts }
    }

    /// 8 classes of `rows` / 8 samples: 24 features, of which two times three carry the class and the others noise. Six classes are of
    /// one domain, two of another.
    pub(crate) fn new(rows: u32, seed: u64) -> Self {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
        let labels: Vec<u32> = (0..rows).map(|i| i % 8).collect();
        let mut features = Vec::new();
        for &label in &labels {
            for d in 0..DIM as u32 {
                let signal = if d < 6 { f32::from(u8::from(label >> (d % 3) & 1 == 1)) } else { 0.0 };
                features.push(signal + (rng.random::<f32>() - 0.5));
            }
        }
        Self::of(features, DIM, labels)
    }
}

impl Source for Toy {
    fn facts(&self) -> &Facts {
        &self.facts
    }
    fn width(&self) -> usize {
        self.inner.width()
    }
    fn push(&self, pass: Pass<'_>, sink: &mut Sink<'_>) -> mdfe_train::Result<()> {
        self.inner.push(pass, sink)
    }
}

/// A recipe for [`Toy`]: three steps an epoch.
pub(crate) fn recipe() -> Recipe {
    let mut recipe = Recipe {
        projection: ProjectionOptions { embed_dim: 8, hidden_dim: 12, ..Default::default() },
        train: TrainOptions { epochs: 12, batch: 32, seed: 3, ..TrainOptions::default() },
        ..Recipe::default()
    };
    recipe.loss.sub_centers = 2;
    recipe
}

/// The recipe with a change.
pub(crate) fn changed(change: impl FnOnce(&mut Recipe)) -> Recipe {
    let mut recipe = recipe();
    change(&mut recipe);
    recipe
}

/// What a training has learnt, and what its steps reported.
pub(crate) struct Trained {
    pub(crate) state: TrainState,
    pub(crate) reports: Vec<StepReport>,
}

impl Trained {
    /// Runs a trainer to its end.
    pub(crate) fn of(mut trainer: Trainer<'_>, checkpoints: Option<&Checkpoints>) -> Self {
        let mut reports = Vec::new();
        let mut watch = Watch(|report: &StepReport| reports.push(*report));
        assert_eq!(trainer.run(checkpoints, &mut watch, &NEVER).unwrap(), Outcome::Finished);
        Self { state: trainer.state().clone(), reports }
    }

    pub(crate) fn losses(&self) -> Vec<f64> {
        self.reports.iter().map(|report| report.loss).collect()
    }
}

/// Trains a recipe on features to its end.
pub(crate) fn train(recipe: &Recipe, source: &Toy) -> Trained {
    Trained::of(Trainer::new(recipe.clone(), source).unwrap(), None)
}

/// Stops the trainer that `make` makes after a step, and goes on with another; what has been learnt at the end.
pub(crate) fn stopped_and_resumed<'a>(
    make: impl Fn() -> Trainer<'a>,
    checkpoints: &Checkpoints,
    stop_at: usize,
) -> TrainState {
    let stop = AtomicBool::new(false);
    let mut observer = Watch(|report: &StepReport| stop.store(report.step == stop_at, Ordering::Relaxed));
    assert_eq!(make().run(Some(checkpoints), &mut observer, &stop).unwrap(), Outcome::Stopped);
    let mut second = make();
    second.resume_from(checkpoints).unwrap();
    assert_eq!(second.state().step, stop_at + 1);
    Trained::of(second, Some(checkpoints)).state
}

/// The last three losses are below the first three.
pub(crate) fn assert_learns(name: &str, trained: &Trained) {
    let losses = trained.losses();
    let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len() as f64;
    let (first, last) = (mean(&losses[..3]), mean(&losses[losses.len() - 3..]));
    assert!(last < 0.9 * first, "{name}: {first} to {last}");
}

/// The sentence with which a trainer is refused.
pub(crate) fn refusal<T>(result: mdfe_train::Result<T>) -> String {
    result.err().map(|error: Error| error.to_string()).unwrap_or_default()
}

/// How far apart two lists of values are at most.
pub(crate) fn apart(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}
