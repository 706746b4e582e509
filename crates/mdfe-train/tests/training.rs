//! The trainer, end to end on features in memory.
// Helpers of tests may fail as loudly as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

use mdfe_train::{
    Checkpoints, Error, FeatureSource, MemoryFeatures, OptimizerKind, Outcome, ProjectionOptions, Recipe,
    StepReport, TrainOptions, TrainState, Trainer, Watch,
};
use rand::{RngExt, SeedableRng};
use std::sync::atomic::{AtomicBool, Ordering};

static NEVER: AtomicBool = AtomicBool::new(false);

/// 8 classes of 10 samples: 24 features, of which two times three carry the class and the others noise.
fn source() -> MemoryFeatures {
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(7);
    let labels: Vec<u32> = (0..80).map(|i| i % 8).collect();
    let mut features = Vec::new();
    for &label in &labels {
        for d in 0..24u32 {
            let signal = if d < 6 { f32::from(u8::from(label >> (d % 3) & 1 == 1)) } else { 0.0 };
            features.push(signal + (rng.random::<f32>() - 0.5));
        }
    }
    MemoryFeatures::new(features, 24, labels).unwrap()
}

fn recipe(name: OptimizerKind) -> Recipe {
    let mut recipe = Recipe {
        projection: ProjectionOptions { embed_dim: 8, ..Default::default() },
        train: TrainOptions { epochs: 4, batch: 32, seed: 3, checkpoint_every: 1, keep: 2 },
        ..Recipe::default()
    };
    recipe.loss.sub_centers = 2;
    recipe.optimizer.name = name;
    recipe
}

fn train(recipe: &Recipe) -> (TrainState, Vec<StepReport>) {
    let (source, mut reports) = (source(), Vec::new());
    let mut trainer = Trainer::new(recipe.clone(), &source).unwrap();
    let outcome = trainer.run(None, &mut Watch(|report: &StepReport| reports.push(*report)), &NEVER).unwrap();
    assert_eq!(outcome, Outcome::Finished);
    (trainer.state().clone(), reports)
}

const ALL: [OptimizerKind; 5] = [
    OptimizerKind::SGD,
    OptimizerKind::Adam,
    OptimizerKind::AdamW,
    OptimizerKind::SamAdam,
    OptimizerKind::SamAdamW,
];

#[test]
fn every_optimizer_brings_the_loss_down() {
    for name in ALL {
        let mut recipe = recipe(name);
        recipe.train.epochs = 60;
        let (_, reports) = train(&recipe);
        let mean = |part: &[StepReport]| part.iter().map(|r| r.loss).sum::<f64>() / part.len() as f64;
        let (first, last) = (mean(&reports[..3]), mean(&reports[reports.len() - 3..]));
        assert!(last < 0.7 * first, "{name:?}: {first} to {last}");
    }
}

#[test]
fn last_partial_batch_is_trained_on_and_every_epoch_has_another_order() {
    let (state, reports) = train(&recipe(OptimizerKind::Adam));
    // 80 samples in batches of 32: 32, 32, 16.
    assert_eq!((state.step, reports.len(), reports[0].total_steps), (12, 12, 12));
    assert_eq!(reports.iter().map(|r| r.epoch).collect::<Vec<_>>(), [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]);
    assert_eq!(reports[11].lr, 1e-3);
}

#[test]
fn same_seed_gives_the_same_bytes_on_any_number_of_threads() {
    for name in ALL {
        let pool = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let one = pool(1).install(|| train(&recipe(name)).0);
        let three = pool(3).install(|| train(&recipe(name)).0);
        assert_eq!(one, three, "{name:?}");
    }
    let mut other = recipe(OptimizerKind::Adam);
    other.train.seed = 4;
    assert_ne!(train(&recipe(OptimizerKind::Adam)).0, train(&other).0);
}

#[test]
fn stopped_training_resumes_to_the_bytes_of_an_unbroken_one() {
    for (name, stop_at) in ALL.into_iter().zip([1, 2, 4, 7, 8]) {
        let (recipe, source) = (recipe(name), source());
        let unbroken = train(&recipe).0;
        let dir = tempfile::tempdir().unwrap();
        let checkpoints = Checkpoints::new(dir.path(), 2).unwrap();
        let stop = AtomicBool::new(false);
        let mut first = Trainer::new(recipe.clone(), &source).unwrap();
        let mut observer = Watch(|report: &StepReport| stop.store(report.step == stop_at, Ordering::Relaxed));
        assert_eq!(first.run(Some(&checkpoints), &mut observer, &stop).unwrap(), Outcome::Stopped);
        let mut second = Trainer::resume(recipe, &source, &checkpoints).unwrap();
        assert_eq!(second.state().step, stop_at + 1);
        second.run(Some(&checkpoints), &mut (), &NEVER).unwrap();
        assert_eq!(second.state(), &unbroken, "{name:?}");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2, "two checkpoints are kept");
    }
}

#[test]
fn resume_refuses_another_recipe_and_names_the_keys() {
    let (source, dir) = (source(), tempfile::tempdir().unwrap());
    let checkpoints = Checkpoints::new(dir.path(), 2).unwrap();
    let mut recipe = recipe(OptimizerKind::Adam);
    Trainer::new(recipe.clone(), &source).unwrap().run(Some(&checkpoints), &mut (), &NEVER).unwrap();
    recipe.train.keep = 5; // Does not change what is learnt.
    assert!(Trainer::resume(recipe.clone(), &source, &checkpoints).is_ok());
    recipe.train.seed = 9;
    recipe.optimizer.lr = 0.5;
    let message = Trainer::resume(recipe, &source, &checkpoints).err().unwrap().to_string();
    assert!(message.contains("train.seed (3 there, 9 here)"), "{message}");
    assert!(message.contains("optimizer.lr") && !message.contains("keep"), "{message}");
}

#[test]
fn damaged_checkpoint_is_an_error_that_names_the_file() {
    let (source, dir) = (source(), tempfile::tempdir().unwrap());
    let checkpoints = Checkpoints::new(dir.path(), 1).unwrap();
    let recipe = recipe(OptimizerKind::Adam);
    Trainer::new(recipe.clone(), &source).unwrap().run(Some(&checkpoints), &mut (), &NEVER).unwrap();
    let path = checkpoints.newest().unwrap().unwrap();
    let bytes = std::fs::read(&path).unwrap();
    for cut in [0, 7, 100, bytes.len() - 1] {
        std::fs::write(&path, &bytes[..cut]).unwrap();
        let error = Trainer::resume(recipe.clone(), &source, &checkpoints).err().unwrap();
        assert!(matches!(error, Error::Checkpoint { .. }), "{error}");
    }
}

#[test]
fn fresh_run_in_an_old_folder_leaves_its_own_checkpoints() {
    let (source, dir) = (source(), tempfile::tempdir().unwrap());
    let checkpoints = Checkpoints::new(dir.path(), 2).unwrap();
    let mut recipe = recipe(OptimizerKind::Adam);
    Trainer::new(recipe.clone(), &source).unwrap().run(Some(&checkpoints), &mut (), &NEVER).unwrap();
    recipe.train.epochs = 2;
    let mut fresh = Trainer::new(recipe.clone(), &source).unwrap();
    fresh.run(Some(&checkpoints), &mut (), &NEVER).unwrap();
    assert_eq!(Trainer::resume(recipe, &source, &checkpoints).unwrap().state(), fresh.state());
}

#[test]
fn nan_stops_the_training_and_keeps_the_checkpoint() {
    let dir = tempfile::tempdir().unwrap();
    let checkpoints = Checkpoints::new(dir.path(), 2).unwrap();
    struct Poisoned(MemoryFeatures);
    impl FeatureSource for Poisoned {
        fn labels(&self) -> &[u32] {
            self.0.labels()
        }
        fn num_classes(&self) -> usize {
            self.0.num_classes()
        }
        fn dim(&self) -> usize {
            self.0.dim()
        }
        fn gather(&self, rows: &[usize], epoch: usize, out: &mut [f32]) -> mdfe_train::Result<()> {
            self.0.gather(rows, epoch, out)?;
            if epoch == 2 {
                out.fill(f32::NAN);
            }
            Ok(())
        }
    }
    let source = Poisoned(source());
    let mut trainer = Trainer::new(recipe(OptimizerKind::Adam), &source).unwrap();
    let error = trainer.run(Some(&checkpoints), &mut (), &NEVER).unwrap_err();
    assert!(matches!(error, Error::Diverged { step: 6, .. }), "{error}");
    assert!(error.to_string().contains("checkpoint-00000006"), "{error}");
}

#[test]
fn nothing_to_train_is_an_error() {
    let empty = MemoryFeatures::new(Vec::new(), 4, Vec::new()).unwrap();
    assert!(matches!(Trainer::new(recipe(OptimizerKind::Adam), &empty).err().unwrap(), Error::Data(_)));
}
