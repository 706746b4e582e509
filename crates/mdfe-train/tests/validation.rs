//! Validation on samples apart, and beginning with what another training has learnt.
#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests may fail as loudly as tests

mod common;

use common::{DIM, NEVER, Toy, Trained, changed, recipe, refusal, stopped_and_resumed, train};
use mdfe_data::identity::Fingerprint;
use mdfe_eval::{Evaluation, Exclude, Metric, Retrieval, Rows};
use mdfe_train::{
    BestScore, Checkpoints, Encoder, Error, Group, Moments, Observer, OptimizerKind, Outcome, Param,
    ProjectionKind, Recipe, Result, Scalar, ScheduleKind, Source, StepReport, TrainState, Trainer,
};
use std::cell::RefCell;

/// Keeps what validation has found.
#[derive(Default)]
struct Scores(Vec<Scalar>);

impl Observer for Scores {
    fn step(&mut self, _: &StepReport) -> Result<()> {
        Ok(())
    }
    fn scalar(&mut self, scalar: &Scalar) -> Result<()> {
        self.0.push(scalar.clone());
        Ok(())
    }
}

/// What a training with validation has come to.
struct Validated {
    scores: Vec<Scalar>,
    state: TrainState,
    /// After [`Trainer::take_best`].
    best: TrainState,
    /// The score of the projection that the embedder is made of.
    embedder: f64,
}

fn validated(recipe: &Recipe, source: &Toy, validation: &Toy, checkpoints: &Checkpoints) -> Validated {
    let mut scores = Scores::default();
    let mut trainer = Trainer::new(recipe.clone(), source).unwrap().validate_on(validation);
    assert_eq!(trainer.run(Some(checkpoints), &mut scores, &NEVER).unwrap(), Outcome::Finished);
    let state = trainer.state().clone();
    trainer.take_best(checkpoints).unwrap();
    let embedder = score(&trainer.projection().unwrap(), validation);
    Validated { scores: scores.0, state, best: trainer.state().clone(), embedder }
}

/// mMP@5 of a projection.
fn score(projection: &mdfe_model::Projection, of: &Toy) -> f64 {
    let embeddings = projection.embed(&of.features).unwrap();
    let labels: Vec<i64> = of.facts().labels.iter().map(|label| i64::from(*label)).collect();
    let rows = Rows::new(&embeddings, projection.embed_dim()).unwrap();
    let side = Retrieval { embeddings: rows, labels: &labels, domains: None };
    let metric = Metric::ModifiedPrecision(5);
    let evaluation = Evaluation { metrics: vec![metric], exclude: Exclude::SameRow, ..Evaluation::default() };
    evaluation.run(side, side).unwrap().overall.get("mMP@5").unwrap().unwrap()
}

#[test]
fn the_best_checkpoint_is_kept_and_taken() {
    let (source, validation, dir) = (Toy::new(80, 7), Toy::new(64, 8), tempfile::tempdir().unwrap());
    for ema_decay in [0.0, 0.6] {
        let recipe = changed(|r| {
            (r.valid.every_steps, r.train.ema_decay) = (Some(2), ema_decay);
            // Fast enough to go up and down, and in the second case to come back to the best score.
            (r.schedule.name, r.optimizer.lr) = (ScheduleKind::None, 0.05);
        });
        let checkpoints = Checkpoints::new(dir.path(), 2);
        let found = validated(&recipe, &source, &validation, &checkpoints);
        let steps: Vec<usize> = found.scores.iter().map(|scalar| scalar.step).collect();
        assert_eq!(steps, (0..18).map(|i| 2 * i + 1).collect::<Vec<_>>());
        let best = found.scores.iter().map(|scalar| scalar.value).fold(0.0, f64::max);
        let first = found.scores.iter().find(|scalar| scalar.value > best - 1e-12).unwrap();
        let expected = BestScore { step: first.step + 1, score: first.value };
        assert_eq!(found.state.validation.best, Some(expected), "the first of equal scores");
        assert!(best > found.scores[0].value, "something is learnt");
        assert!(expected.step < 36, "the best is not the last, or this test says nothing");
        assert_eq!(found.state.validation.since, (36 - expected.step) / 2);
        assert_eq!((found.state.step, found.best.step), (36, expected.step));
        assert!(found.best.params != found.state.params);
        assert_eq!(found.embedder, first.value, "the embedder has the score of its validation");
        assert!(checkpoints.best().exists() && checkpoints.newest().unwrap() == Some(checkpoints.at(36)));
        // The best state is the state of an unbroken training of so many steps.
        let unbroken = Trainer::new(recipe, &source).unwrap().validate_on(&validation);
        let other = tempfile::tempdir().unwrap();
        let stopped = stopped_at(unbroken, &Checkpoints::new(other.path(), 1), expected.step);
        assert!(stopped.params == found.best.params);
    }
}

fn stopped_at(mut trainer: Trainer<'_>, checkpoints: &Checkpoints, steps: usize) -> TrainState {
    let stop = std::sync::atomic::AtomicBool::new(false);
    let mut watch = mdfe_train::Watch(|report: &StepReport| {
        stop.store(report.step + 1 == steps, std::sync::atomic::Ordering::Relaxed);
    });
    trainer.run(Some(checkpoints), &mut watch, &stop).unwrap();
    trainer.state().clone()
}

#[test]
fn patience_ends_a_training_that_gets_no_better_and_nothing_is_left_to_resume() {
    let (source, validation, dir) = (Toy::new(80, 7), Toy::new(64, 8), tempfile::tempdir().unwrap());
    let checkpoints = Checkpoints::new(dir.path(), 2);
    let recipe = changed(|r| {
        (r.valid.every_steps, r.valid.patience) = (Some(2), 3);
        // Nothing changes: the first score stays the best.
        r.optimizer.lr = 0.0;
    });
    let found = validated(&recipe, &source, &validation, &checkpoints);
    assert_eq!((found.state.step, found.scores.len()), (8, 4));
    assert_eq!(found.state.validation.since, 3);
    assert_eq!(checkpoints.newest().unwrap(), Some(checkpoints.at(8)));
    let mut again = Trainer::new(recipe.clone(), &source).unwrap().validate_on(&validation);
    again.resume_from(&checkpoints).unwrap();
    assert_eq!(again.run(Some(&checkpoints), &mut (), &NEVER).unwrap(), Outcome::Finished);
    assert_eq!(again.state().step, 8);
    // Without a source to validate on, patience is of no account.
    assert_eq!(train(&recipe, &source).state.step, 36);
}

#[test]
fn stopped_training_with_validation_resumes_to_the_bytes_of_an_unbroken_one() {
    let (source, validation) = (Toy::new(80, 7), Toy::new(64, 8));
    for (patience, stop_at) in [(0, 6), (0, 7), (4, 9), (4, 2)] {
        let recipe = changed(|r| {
            (r.valid.every_steps, r.valid.patience, r.train.ema_decay) = (Some(2), patience, 0.6);
        });
        let dirs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let [whole, broken] = [0, 1].map(|i| Checkpoints::new(dirs[i].path(), 2));
        let make = || Trainer::new(recipe.clone(), &source).unwrap().validate_on(&validation);
        let unbroken = Trained::of(make(), Some(&whole)).state;
        assert!(unbroken.validation.best.is_some());
        assert!(stopped_and_resumed(make, &broken, stop_at) == unbroken, "stopped at {stop_at}");
        let bytes = |path| std::fs::read(path).unwrap();
        assert!(bytes(whole.best()) == bytes(broken.best()), "the best checkpoints, stopped at {stop_at}");
        let message = refusal(Trainer::resume(recipe, &source, &whole));
        assert!(message.contains("data.validation"), "{message}");
    }
}

/// Validation by itself changes nothing that is learnt.
#[test]
fn validation_only_looks() {
    let (source, validation) = (Toy::new(80, 7), Toy::new(64, 8));
    let recipe = changed(|r| r.valid.every_steps = Some(1));
    let with = Trained::of(Trainer::new(recipe.clone(), &source).unwrap().validate_on(&validation), None);
    assert!(with.state.params == train(&recipe, &source).state.params);
}

#[test]
fn samples_that_cannot_be_validated_on_are_refused_before_the_first_step() {
    let source = Toy::new(80, 7);
    let run = |validation: &Toy| {
        let mut trainer = Trainer::new(recipe(), &source).unwrap().validate_on(validation);
        let message = refusal(trainer.run(None, &mut (), &NEVER));
        assert_eq!(trainer.state().step, 0);
        message
    };
    let message = run(&Toy::of(vec![0.5; 8 * 12], 12, vec![0, 0, 1, 1, 2, 2, 3, 3]));
    assert!(message.contains("12 values") && message.contains("24"), "{message}");
    for alone in [vec![], vec![0, 1, 2]] {
        let message = run(&Toy::of(vec![0.5; alone.len() * DIM], DIM, alone));
        assert!(message.contains("no class has two samples"), "{message}");
    }
}

#[test]
fn values_that_are_not_finite_are_neither_scored_nor_kept_as_the_best() {
    let (source, validation, dir) = (Toy::new(80, 7), Toy::new(64, 8), tempfile::tempdir().unwrap());
    let checkpoints = Checkpoints::new(dir.path(), 2);
    let recipe = changed(|r| {
        r.optimizer.name = OptimizerKind::SGD;
        (r.optimizer.lr, r.optimizer.weight_decay, r.valid.every_steps) = (1e3, 1e3, Some(1));
    });
    let mut trainer = Trainer::new(recipe, &source).unwrap().validate_on(&validation);
    let error = trainer.run(Some(&checkpoints), &mut (), &NEVER).unwrap_err();
    assert!(matches!(error, Error::Diverged { .. }), "{error}");
    for entry in std::fs::read_dir(dir.path()).into_iter().flatten() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        for (name, tensor) in safetensors::SafeTensors::deserialize(&bytes).unwrap().tensors() {
            let finite = |b: &[u8; 4]| f32::from_le_bytes(*b).is_finite();
            assert!(tensor.data().as_chunks::<4>().0.iter().all(finite), "{name}");
        }
    }
}

/// Scales each feature by a value that is trained, and remembers which values it had in a batch of each size.
struct Scaling<'a> {
    scale: Vec<f32>,
    last: Vec<f32>,
    seen: &'a RefCell<Vec<Seen>>,
}

struct Seen {
    rows: usize,
    scale: Vec<f32>,
}

impl Encoder for Scaling<'_> {
    fn feature_dim(&self) -> usize {
        DIM
    }
    fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(b"scaling")
    }
    fn params(&self) -> Vec<Param> {
        vec![Param {
            name: "backbone.scale".into(),
            group: Group::Backbone,
            lr_scale: 1.0,
            data: vec![1.0; DIM],
            slots: Moments::default(),
            average: Vec::new(),
        }]
    }
    fn load(&mut self, params: &[Param]) -> Result<()> {
        self.scale = params[0].data.clone();
        Ok(())
    }
    fn encode(&mut self, rows: usize, values: &mut Vec<f32>, features: &mut Vec<f32>) -> Result<()> {
        self.seen.borrow_mut().push(Seen { rows, scale: self.scale.clone() });
        self.last = std::mem::take(values);
        *features = self.last.iter().zip(self.scale.iter().cycle()).map(|(x, s)| x * s).collect();
        Ok(())
    }
    fn backward(&mut self, d_features: &[f32], gradients: &mut [Vec<f32>]) -> Result<()> {
        gradients[0].fill(0.0);
        for (d, x) in d_features.chunks(DIM).zip(self.last.chunks(DIM)) {
            gradients[0].iter_mut().zip(d.iter().zip(x)).for_each(|(sum, (d, x))| *sum += d * x);
        }
        Ok(())
    }
}

fn scaling<'a>(recipe: &Recipe, source: &'a Toy, seen: &'a RefCell<Vec<Seen>>) -> Trainer<'a> {
    let encoder = Scaling { scale: vec![1.0; DIM], last: Vec::new(), seen };
    Trainer::with_encoder(recipe.clone(), source, Box::new(encoder), None).unwrap()
}

/// The embedder is made of the averages, those of the backbone among them, and so is what is validated.
#[test]
fn validation_scores_the_averaged_backbone_and_training_goes_on_with_its_own() {
    let (source, validation, seen) = (Toy::new(80, 7), Toy::new(40, 8), RefCell::default());
    let recipe = changed(|r| (r.train.ema_decay, r.train.steps) = (0.9, Some(4)));
    let make = || scaling(&recipe, &source, &seen).validate_on(&validation);
    let state = Trained::of(make(), None).state;
    let scale = state.param("backbone.scale").unwrap();
    assert!(scale.average != scale.data && scale.data != [1.0; DIM]);
    {
        let seen = seen.borrow();
        // Validations after three steps, an epoch, and at the end.
        assert_eq!(seen.iter().map(|s| s.rows).collect::<Vec<_>>(), [32, 32, 16, 40, 32, 40]);
        assert_eq!(seen[5].scale, scale.average, "the last validation");
        assert!(seen[3].scale != seen[4].scale, "training goes on with its own values");
    }
    let plain = Trained::of(scaling(&recipe, &source, &seen), None).state;
    assert!(plain.params == state.params, "validation only looks");
}

/// What the encoder trains resumes, climbs and is accumulated as everything else.
#[test]
fn an_encoder_that_trains_stops_and_resumes_with_every_optimizer() {
    let (source, seen) = (Toy::new(80, 7), RefCell::default());
    for &name in OptimizerKind::ALL {
        let recipe = changed(|r| {
            (r.optimizer.name, r.train.epochs, r.train.accumulate, r.train.batch) = (name, 4, 2, 16);
            (r.train.clip_norm, r.train.ema_decay) = (Some(5.0), 0.5);
        });
        let unbroken = Trained::of(scaling(&recipe, &source, &seen), None).state;
        assert!(unbroken.values("backbone.scale") != [1.0; DIM]);
        let dir = tempfile::tempdir().unwrap();
        let checkpoints = Checkpoints::new(dir.path(), 1);
        let resumed = stopped_and_resumed(|| scaling(&recipe, &source, &seen), &checkpoints, 4);
        assert!(resumed == unbroken, "{name:?}");
        let mut trainer = scaling(&recipe, &source, &seen);
        trainer.resume_from(&checkpoints).unwrap();
        trainer.take_best(&checkpoints).unwrap();
    }
}

#[test]
fn a_warm_start_takes_what_has_the_same_name_and_size() {
    let source = Toy::new(80, 7);
    let from = train(&changed(|r| r.train.ema_decay = 0.5), &source).state.params;
    let started = |change: &dyn Fn(&mut Recipe)| {
        let mut trainer = Trainer::new(changed(change), &source).unwrap();
        let before = trainer.state().clone();
        let taken = trainer.warm_start(&from).unwrap();
        for (param, old) in trainer.state().params.iter().zip(&before.params) {
            let other = from.iter().find(|other| other.name == param.name);
            if taken.contains(&param.name) {
                // The averages are what the other training was for.
                assert_eq!(param.data, other.unwrap().final_data(), "{}", param.name);
                assert!(param.average.is_empty() || param.average == param.data, "{}", param.name);
                assert_eq!(param.slots, old.slots, "{}", param.name);
            } else {
                assert_eq!(param, old, "{}", param.name);
            }
        }
        assert_eq!(trainer.state().step, 0);
        taken
    };
    let all = ["projection.weight", "projection.bias", "centers"];
    assert_eq!(started(&|r| r.train.seed = 9), all);
    assert_eq!(started(&|r| (r.train.seed, r.train.ema_decay) = (9, 0.9)), all);
    assert_eq!(started(&|r| r.loss.sub_centers = 3), all[..2]);
    assert_eq!(started(&|r| r.loss.nested_dims = vec![4]), all, "the centers of a prefix begin anew");
    assert!(started(&|r| r.projection.embed_dim = 6).is_empty());
    // From the features to another width and from there to the embedding: only the last bias fits.
    let mlp = |r: &mut Recipe| r.projection.kind = ProjectionKind::Mlp;
    assert_eq!(started(&mlp), ["projection.bias", "centers"]);
}

/// Pooling and components are what they are by their kind; what another training calls a projection would make another map of them, which
/// the embedder does not have.
#[test]
fn a_warm_start_leaves_a_projection_that_is_not_trained_by_its_kind() {
    let source = Toy::new(80, 7);
    let from = train(&recipe(), &source).state.params;
    let mut trainer =
        Trainer::new(changed(|r| r.projection.kind = ProjectionKind::AvgPool), &source).unwrap();
    let before = trainer.state().values("projection.weight").to_vec();
    assert_eq!(trainer.warm_start(&from).unwrap(), ["centers"]);
    assert_eq!(trainer.state().values("projection.weight"), before);
}

#[test]
fn a_refused_checkpoint_changes_nothing() {
    let (source, dir) = (Toy::new(80, 7), tempfile::tempdir().unwrap());
    let checkpoints = Checkpoints::new(dir.path(), 1);
    let trained = Trained::of(Trainer::new(recipe(), &source).unwrap(), Some(&checkpoints)).state;
    let path = checkpoints.newest().unwrap().unwrap();
    // A whole file of the right header that lacks its last tensor.
    let bytes = std::fs::read(&path).unwrap();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let metadata = safetensors::SafeTensors::read_metadata(&bytes).unwrap().1.metadata().clone();
    let lacking = file.tensors().into_iter().filter(|(name, _)| name != "optimizer.centers.second");
    std::fs::write(&path, safetensors::serialize(lacking, metadata).unwrap()).unwrap();
    let mut trainer = Trainer::new(recipe(), &source).unwrap();
    let before = trainer.state().clone();
    let message = refusal(trainer.resume_from(&checkpoints));
    assert!(message.contains("`optimizer.centers.second` is missing"), "{message}");
    assert!(trainer.state() == &before && before != trained);
}
