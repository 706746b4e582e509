//! The trainer, end to end on features in memory.
// Helpers of tests may fail as loudly as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

use mdfe_train::{
    Checkpoints, Course, Error, Facts, MemoryFeatures, Observer, OptimizerKind, OptimizerOptions, Outcome,
    Pass, ProjectionOptions, Recipe, Sink, Source, StepReport, TrainOptions, TrainState, Trainer, Watch,
};
use rand::{RngExt, SeedableRng};
use std::{
    cell::RefCell,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
};

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
        train: TrainOptions { epochs: 4, batch: 32, seed: 3, ..TrainOptions::default() },
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

/// A source that remembers which samples it was asked for.
struct Recorded {
    inner: MemoryFeatures,
    batches: RefCell<Vec<Asked>>,
}

struct Asked {
    epoch: usize,
    rows: Vec<u32>,
}

impl Source for Recorded {
    fn facts(&self) -> &Facts {
        self.inner.facts()
    }
    fn width(&self) -> usize {
        self.inner.width()
    }
    fn push(&self, pass: Pass<'_>, sink: &mut Sink<'_>) -> mdfe_train::Result<()> {
        self.inner.push(pass, &mut |samples| {
            self.batches.borrow_mut().push(Asked { epoch: pass.epoch, rows: samples.rows.clone() });
            sink(samples)
        })
    }
}

#[test]
fn every_optimizer_brings_the_loss_down() {
    for &name in OptimizerKind::ALL {
        let mut recipe = recipe(name);
        recipe.train.epochs = 60;
        let (_, reports) = train(&recipe);
        let mean = |part: &[StepReport]| part.iter().map(|r| r.loss).sum::<f64>() / part.len() as f64;
        let (first, last) = (mean(&reports[..3]), mean(&reports[reports.len() - 3..]));
        assert!(last < 0.7 * first, "{name:?}: {first} to {last}");
    }
}

#[test]
fn last_partial_batch_is_trained_on_at_the_rates_of_the_schedule() {
    let recipe = recipe(OptimizerKind::Adam);
    let (state, reports) = train(&recipe);
    // 80 samples in batches of 32: 32, 32, 16.
    assert_eq!((state.step, reports.len(), reports[0].total_steps), (12, 12, 12));
    assert_eq!(reports.iter().map(|r| r.epoch).collect::<Vec<_>>(), [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]);
    let course = Course { total: 12, warmup: 3 };
    for report in &reports {
        assert_eq!(report.lr, recipe.schedule.rate(2e-2, report.step, course));
    }
}

#[test]
fn every_epoch_takes_every_sample_once_in_an_order_of_its_own() {
    let recorded = Recorded { inner: source(), batches: RefCell::default() };
    let recipe = recipe(OptimizerKind::Adam);
    Trainer::new(recipe.clone(), &recorded).unwrap().run(None, &mut (), &NEVER).unwrap();
    let batches = recorded.batches.into_inner();
    let sizes: Vec<usize> = batches.iter().map(|asked| asked.rows.len()).collect();
    assert_eq!(sizes, [32, 32, 16].repeat(4));
    let order = |epoch| -> Vec<u32> {
        let of_epoch = batches.iter().filter(|asked| asked.epoch == epoch);
        of_epoch.flat_map(|asked| asked.rows.iter().copied()).collect()
    };
    let every: Vec<u32> = (0..80).collect();
    for epoch in 0..recipe.train.epochs {
        let mut sorted = order(epoch);
        assert_ne!(sorted, every, "epoch {epoch} is shuffled");
        sorted.sort_unstable();
        assert_eq!(sorted, every, "epoch {epoch}");
        for other in 0..epoch {
            assert_ne!(order(epoch), order(other), "epochs {epoch} and {other}");
        }
    }
}

/// Sizes at which every part of a step is cut up for threads: the products of the projection, and the updates of its weight and of
/// the centers.
#[test]
fn same_seed_gives_the_same_bytes_on_any_number_of_threads() {
    let (dim, embed_dim, batch, classes) = (320, 64, 64, 300);
    assert!(dim * embed_dim * batch >= 2 * gemm::get_threading_threshold(), "gemm uses one thread");
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(7);
    let labels: Vec<u32> = (0..160).map(|i| i * 37 % classes).chain([classes - 1]).collect();
    let features = (0..labels.len() * dim).map(|_| rng.random::<f32>() - 0.5).collect();
    let source = MemoryFeatures::new(features, dim, labels).unwrap();
    let train = |recipe: &Recipe, threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let mut trainer = Trainer::new(recipe.clone(), &source).unwrap();
            trainer.run(None, &mut (), &NEVER).unwrap();
            trainer.state().clone()
        })
    };
    for &name in OptimizerKind::ALL {
        let mut recipe = recipe(name);
        recipe.projection.embed_dim = embed_dim;
        recipe.train = TrainOptions { epochs: 1, batch, ..recipe.train };
        let one = train(&recipe, 1);
        for threads in [2, 3] {
            assert_eq!(one, train(&recipe, threads), "{name:?} on {threads} threads");
        }
        recipe.train.seed = 4;
        assert_ne!(one, train(&recipe, 1), "{name:?} with another seed");
    }
}

#[test]
fn sharpness_aware_step_without_a_radius_is_the_base_optimizers_and_with_one_is_not() {
    for (aware, base) in
        [(OptimizerKind::SamAdam, OptimizerKind::Adam), (OptimizerKind::SamAdamW, OptimizerKind::AdamW)]
    {
        let trained = |name, rho| {
            let mut recipe = recipe(name);
            recipe.train.epochs = 1;
            recipe.optimizer = OptimizerOptions { rho, weight_decay: 0.1, ..recipe.optimizer };
            train(&recipe).0.values("projection.weight").to_vec()
        };
        let apart = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        let base = trained(base, 0.0);
        // The fused pass and the one that holds the centers' gradient sum in the same order; 1e-6 leaves room for another.
        assert!(apart(&trained(aware, 0.0), &base) < 1e-6, "{aware:?}");
        assert!(apart(&trained(aware, 0.5), &base) > 1e-3, "{aware:?}");
    }
}

#[test]
fn stopped_training_resumes_to_the_bytes_of_an_unbroken_one() {
    for (name, stop_at) in OptimizerKind::ALL.iter().copied().zip([1, 2, 4, 7, 8].into_iter().cycle()) {
        let (recipe, source) = (recipe(name), source());
        let unbroken = train(&recipe).0;
        let dir = tempfile::tempdir().unwrap();
        let checkpoints = Checkpoints::new(dir.path(), 2);
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
    let checkpoints = Checkpoints::new(dir.path(), 2);
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
    let checkpoints = Checkpoints::new(dir.path(), 1);
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
    let checkpoints = Checkpoints::new(dir.path(), 2);
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
    let checkpoints = Checkpoints::new(dir.path(), 2);
    struct Poisoned(MemoryFeatures);
    impl Source for Poisoned {
        fn facts(&self) -> &Facts {
            self.0.facts()
        }
        fn width(&self) -> usize {
            self.0.width()
        }
        fn push(&self, pass: Pass<'_>, sink: &mut Sink<'_>) -> mdfe_train::Result<()> {
            self.0.push(pass, &mut |samples| {
                if pass.epoch == 2 {
                    samples.values.fill(f32::NAN);
                }
                sink(samples)
            })
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

#[test]
fn recipe_from_code_is_held_to_the_ranges_of_the_config() {
    let source = source();
    let change = |change: &dyn Fn(&mut Recipe)| {
        let mut recipe = recipe(OptimizerKind::Adam);
        change(&mut recipe);
        Trainer::new(recipe, &source).err().map(|error| error.to_string()).unwrap_or_default()
    };
    assert_eq!(change(&|_| ()), "");
    for (message, sentence) in [
        (change(&|r| r.train.batch = 0), "`train.batch` is 0; it takes a whole number of at least 1"),
        (
            change(&|r| r.projection.dropout = 1.0),
            "`projection.dropout` is 1.0; it takes a number from 0 to below 1",
        ),
        (change(&|r| r.optimizer.lr = f64::NAN), "`optimizer.lr` is nan; it takes a number from 0 to 1000"),
        (change(&|r| r.schedule.min_lr = Some(0.5)), "`schedule.min_lr` is 0.5, above `optimizer.lr`, 0.02"),
    ] {
        assert!(message.starts_with(&format!("the recipe: {sentence}")), "{message}");
    }
}

#[test]
fn weights_that_are_not_finite_are_never_saved() {
    let dir = tempfile::tempdir().unwrap();
    let checkpoints = Checkpoints::new(dir.path(), 2);
    let mut recipe = recipe(OptimizerKind::SGD);
    // The first update already takes the weights out of f32; the loss of that step was still finite.
    (recipe.optimizer.lr, recipe.optimizer.weight_decay) = (1e3, 1e3);
    recipe.train.checkpoint_every = 1;
    let source = source();
    let mut trainer = Trainer::new(recipe, &source).unwrap();
    let error = trainer.run(Some(&checkpoints), &mut (), &NEVER).unwrap_err();
    assert!(matches!(error, Error::Diverged { .. }), "{error}");
    for entry in std::fs::read_dir(dir.path()).into_iter().flatten() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
        for (name, tensor) in file.tensors() {
            let finite = |b: &[u8; 4]| f32::from_le_bytes(*b).is_finite();
            assert!(tensor.data().as_chunks::<4>().0.iter().all(finite), "{name}");
        }
    }
}

/// Remembers what it was told of checkpoints, and whether they were there.
#[derive(Default)]
struct Told(Vec<(String, bool)>);

impl Observer for Told {
    fn step(&mut self, _: &StepReport) -> mdfe_train::Result<()> {
        Ok(())
    }

    fn checkpoint(&mut self, path: &Path) -> mdfe_train::Result<()> {
        self.0.push((path.file_name().unwrap().to_string_lossy().into_owned(), path.is_file()));
        Ok(())
    }
}

#[test]
fn the_observer_is_told_of_each_checkpoint_and_where_copies_go_may_change() {
    let (source, dir) = (source(), tempfile::tempdir().unwrap());
    let checkpoints = Checkpoints::new(dir.path(), 2);
    let mut recipe = recipe(OptimizerKind::Adam);
    recipe.train.upload = Some("s3://bucket/runs".to_owned());
    let mut told = Told::default();
    let mut trainer = Trainer::new(recipe.clone(), &source).unwrap();
    trainer.run(Some(&checkpoints), &mut (Told::default(), &mut told), &NEVER).unwrap();
    let steps = trainer.steps_per_epoch();
    let expected: Vec<(String, bool)> =
        (1..=4).map(|epoch| (format!("checkpoint-{:08}.safetensors", epoch * steps), true)).collect();
    assert_eq!(told.0, expected);
    recipe.train.upload = Some("gdrive://runs".to_owned());
    Trainer::resume(recipe, &source, &checkpoints).unwrap();
}
