//! Every choice of a recipe, trained on features: it learns, it can be stopped, and it is what it says.
#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests may fail as loudly as tests

mod common;

use common::{
    DIM, NEVER, Toy, Trained, apart, assert_learns, changed, recipe, refusal, stopped_and_resumed, train,
};
use mdfe_train::{
    Checkpoints, OptimizerKind, ProjectionKind, Recipe, SamplerKind, ScheduleKind, Source, TrainState,
    Trainer, Warmup,
};

/// A change of the recipe under a name.
struct Choice {
    name: String,
    recipe: Recipe,
}

fn choice(name: &str, change: impl FnOnce(&mut Recipe)) -> Choice {
    Choice { name: name.to_owned(), recipe: changed(change) }
}

fn choices() -> Vec<Choice> {
    let mut all = vec![
        choice("loss.sample_fraction", |r| r.loss.sample_fraction = 0.5),
        choice("loss.nested_dims", |r| r.loss.nested_dims = vec![2, 4]),
        choice("both", |r| (r.loss.sample_fraction, r.loss.nested_dims) = (0.5, vec![2, 4])),
        choice("loss.label_smoothing", |r| r.loss.label_smoothing = 0.1),
        choice("smoothed on classes", |r| (r.loss.sample_fraction, r.loss.label_smoothing) = (0.5, 0.1)),
        choice("train.clip_norm", |r| r.train.clip_norm = Some(1.0)),
        choice("train.accumulate", |r| (r.train.accumulate, r.train.batch) = (2, 16)),
        choice("train.accumulate, the last step a single batch", |r| {
            (r.train.accumulate, r.train.batch) = (3, 20);
        }),
        choice("accumulated sharpness-aware steps on classes", |r| {
            (r.train.accumulate, r.train.batch, r.loss.sample_fraction) = (2, 16, 0.5);
            r.optimizer.name = OptimizerKind::SamAdam;
            r.train.clip_norm = Some(1.0);
        }),
        choice("train.ema_decay", |r| r.train.ema_decay = 0.9),
        choice("train.steps", |r| r.train.steps = Some(35)),
        choice("train.checkpoint_every_steps", |r| r.train.checkpoint_every_steps = Some(4)),
        choice("groups", |r| {
            (r.optimizer.projection.lr, r.optimizer.centers.lr) = (Some(5e-3), Some(5e-2));
            r.optimizer.centers.weight_decay = Some(0.0);
        }),
    ];
    for &kind in ProjectionKind::ALL.iter().filter(|kind| **kind != ProjectionKind::Pca) {
        all.push(choice(&format!("{kind:?}"), |r| r.projection.kind = kind));
    }
    for &sampler in SamplerKind::ALL {
        all.push(choice(&format!("{sampler:?}"), |r| r.train.sampler = sampler));
    }
    for &name in OptimizerKind::ALL {
        all.push(choice(&format!("{name:?}"), |r| r.optimizer.name = name));
    }
    all
}

#[test]
fn every_choice_learns_and_stopped_it_resumes_to_the_bytes_of_an_unbroken_training() {
    let source = Toy::new(80, 7);
    for (Choice { name, recipe }, stop_at) in choices().into_iter().zip([1, 3, 7, 16].into_iter().cycle()) {
        let unbroken = train(&recipe, &source);
        assert_learns(&name, &unbroken);
        let dir = tempfile::tempdir().unwrap();
        let make = || Trainer::new(recipe.clone(), &source).unwrap();
        let resumed = stopped_and_resumed(make, &Checkpoints::new(dir.path(), 2), stop_at);
        assert!(resumed == unbroken.state, "{name}, stopped at {stop_at}");
    }
}

#[test]
fn steps_in_place_of_epochs_end_anywhere_and_checkpoints_come_as_often_as_they_are_asked_for() {
    let (source, dir) = (Toy::new(80, 7), tempfile::tempdir().unwrap());
    let checkpoints = Checkpoints::new(dir.path(), 100);
    let recipe = changed(|r| {
        (r.train.steps, r.train.checkpoint_every_steps) = (Some(17), Some(5));
        r.train.epochs = 1;
    });
    let trained = Trained::of(Trainer::new(recipe, &source).unwrap(), Some(&checkpoints));
    assert_eq!(
        (trained.reports.len(), trained.reports[16].epoch, trained.reports[16].total_steps),
        (17, 5, 17)
    );
    let kept: Vec<usize> = (0..40).filter(|step| checkpoints.at(*step).exists()).collect();
    assert_eq!(kept, [5, 10, 15, 17]);
}

/// A training without dropout at one rate, by plain gradient descent.
fn plain(change: impl FnOnce(&mut Recipe)) -> Recipe {
    changed(|r| {
        r.projection.dropout = 0.0;
        (r.schedule.name, r.schedule.warmup) = (ScheduleKind::None, Warmup::None);
        r.optimizer.name = OptimizerKind::SGD;
        (r.optimizer.lr, r.optimizer.momentum, r.optimizer.weight_decay) = (0.01, 0.0, 0.0);
        r.train.epochs = 1;
        change(r);
    })
}

/// Every trained value, one parameter after the other.
fn values(state: &TrainState) -> Vec<f32> {
    state.params.iter().flat_map(|param| param.data.iter().copied()).collect()
}

/// The sums of f32 are cut otherwise: 1e-6 of values up to 1.
#[test]
fn accumulated_batches_are_one_large_batch() {
    let source = Toy::new(80, 7);
    let large = train(&plain(|_| ()), &source);
    let parts = train(&plain(|r| (r.train.batch, r.train.accumulate) = (16, 2)), &source);
    assert_eq!((large.reports.len(), parts.reports.len()), (3, 3));
    assert!(apart(&values(&large.state), &values(&parts.state)) < 1e-6);
    for (a, b) in large.losses().iter().zip(parts.losses()) {
        assert!((a - b).abs() < 1e-5, "{a} and {b}");
    }
}

#[test]
fn clipped_step_has_the_length_of_the_limit() {
    let source = Toy::new(80, 7);
    let start = values(Trainer::new(recipe(), &source).unwrap().state());
    let moved = |limit| {
        let recipe = plain(|r| (r.train.clip_norm, r.train.steps, r.optimizer.lr) = (limit, Some(1), 1.0));
        let end = values(&train(&recipe, &source).state);
        end.iter().zip(&start).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>().sqrt()
    };
    let free = moved(None);
    assert!(free > 1.0, "{free}");
    for limit in [0.01, 0.5] {
        // Values up to 1 are rounded to 6e-8 each.
        assert!((moved(Some(limit)) - limit).abs() < 1e-5, "{limit}");
    }
    assert!((moved(Some(2.0 * free)) - free).abs() < 1e-5, "a short gradient stays as it is");
}

/// `average = d average + (1 - d) w` by hand, with d = 2/11 and 3/12 in the first two steps, and 0.27 from the third on, whose warm-up would
/// be at 4/13.
#[test]
fn averages_of_the_first_steps_are_those_by_hand() {
    let source = Toy::new(80, 7);
    let after =
        |steps| train(&plain(|r| (r.train.ema_decay, r.train.steps) = (0.27, Some(steps))), &source).state;
    let name = "projection.weight";
    let mut expected = Trainer::new(recipe(), &source).unwrap().state().values(name).to_vec();
    for (steps, decay) in [(1, 2.0 / 11.0), (2, 3.0 / 12.0), (3, 0.27)] {
        let state = after(steps);
        for (average, value) in expected.iter_mut().zip(state.values(name)) {
            *average = decay * *average + (1.0 - decay) * value;
        }
        let param = state.param(name).unwrap();
        assert!(apart(&param.average, &expected) < 1e-6, "step {steps}");
        assert!(apart(&param.average, &param.data) > 1e-4, "step {steps}");
        assert!(state.param("centers").unwrap().average.is_empty(), "centers stay behind");
    }
}

#[test]
fn embedder_is_made_of_the_averages() {
    let source = Toy::new(80, 7);
    let recipe = changed(|r| r.train.ema_decay = 0.9);
    let mut trainer = Trainer::new(recipe, &source).unwrap();
    trainer.run(None, &mut (), &NEVER).unwrap();
    let averages = |name| trainer.state().param(name).unwrap().average.clone();
    let expected =
        mdfe_model::Projection::linear(averages("projection.weight"), averages("projection.bias")).unwrap();
    assert_eq!(trainer.projection().unwrap(), expected);
}

#[test]
fn groups_without_a_rate_stay_as_they_were() {
    let source = Toy::new(80, 7);
    for &name in OptimizerKind::ALL {
        for frozen in ["centers", "projection"] {
            let recipe = changed(|r| {
                (r.optimizer.name, r.optimizer.weight_decay, r.train.epochs) = (name, 0.1, 1);
                let groups = &mut r.optimizer;
                let group = if frozen == "centers" { &mut groups.centers } else { &mut groups.projection };
                group.lr = Some(0.0);
            });
            let trainer = Trainer::new(recipe, &source).unwrap();
            let before = trainer.state().clone();
            let after = Trained::of(trainer, None).state;
            for (a, b) in before.params.iter().zip(&after.params) {
                assert_eq!(a.data == b.data, a.name.starts_with(frozen), "{name:?}, {} of {frozen}", a.name);
            }
        }
    }
}

/// 0.95 of eight classes are all of them: the sampled pass over all classes is the pass without a sample.
#[test]
fn a_sample_of_all_classes_is_none() {
    let source = Toy::new(80, 7);
    let with = |share| train(&plain(|r| (r.loss.sample_fraction, r.train.epochs) = (share, 3)), &source);
    let (all, sampled) = (with(1.0), with(0.95));
    assert!(apart(&values(&all.state), &values(&sampled.state)) < 1e-6);
    assert!(
        refusal(Trainer::new(plain(|r| r.loss.sample_fraction = 0.0), &source))
            .contains("`loss.sample_fraction` is 0")
    );
}

/// A softmax over fewer classes is smaller: half of the eight classes are the two of the batch and two others.
#[test]
fn sampled_classes_alone_are_in_the_softmax_and_are_updated() {
    let source = Toy::new(80, 7);
    let recipe = |share| {
        plain(|r| {
            (r.loss.sample_fraction, r.train.batch, r.train.steps) = (share, 2, Some(1));
            // The least likely class moves by more than rounding.
            r.optimizer.lr = 1e3;
        })
    };
    let (all, some) = (train(&recipe(1.0), &source), train(&recipe(0.5), &source));
    assert!(some.losses()[0] < all.losses()[0] - 1e-3);
    let start = Trainer::new(recipe(1.0), &source).unwrap().state().values("centers").to_vec();
    let per_class = 2 * 8;
    let moved = |state: &TrainState| {
        let classes = state.values("centers").chunks(per_class).zip(start.chunks(per_class));
        classes.filter(|(now, before)| now != before).count()
    };
    assert_eq!((moved(&all.state), moved(&some.state)), (8, 4));
}

#[test]
fn batches_are_what_the_sampler_says() {
    struct Seen<'a> {
        toy: &'a Toy,
        rows: std::cell::RefCell<Vec<Vec<u32>>>,
    }
    impl Source for Seen<'_> {
        fn facts(&self) -> &mdfe_train::Facts {
            self.toy.facts()
        }
        fn width(&self) -> usize {
            self.toy.width()
        }
        fn push(
            &self,
            pass: mdfe_train::Pass<'_>,
            sink: &mut mdfe_train::Sink<'_>,
        ) -> mdfe_train::Result<()> {
            self.toy.push(pass, &mut |samples| {
                self.rows.borrow_mut().push(samples.rows.clone());
                sink(samples)
            })
        }
    }
    let toy = Toy::new(80, 7);
    let rows = |sampler| {
        let seen = Seen { toy: &toy, rows: Default::default() };
        let recipe = changed(|r| (r.train.sampler, r.train.epochs) = (sampler, 2));
        Trained::of(Trainer::new(recipe, &seen).unwrap(), None);
        seen.rows.into_inner()
    };
    for batch in rows(SamplerKind::Class) {
        for four in batch.as_chunks::<4>().0 {
            assert!(four.iter().all(|row| row % 8 == four[0] % 8), "four of a class side by side: {batch:?}");
        }
    }
    for batch in rows(SamplerKind::Domain).iter().filter(|batch| batch.len() == 32) {
        let other = batch.iter().filter(|row| **row % 8 / 6 == 1).count();
        assert_eq!(other, 16, "{batch:?}");
    }
}

/// A sample that cannot be read any more is left out of its batch, whose step is then the last of the epoch all the same.
#[test]
fn steps_are_those_of_the_order_when_a_source_leaves_something_out() {
    struct Lacking(Toy);
    impl Source for Lacking {
        fn facts(&self) -> &mdfe_train::Facts {
            self.0.facts()
        }
        fn width(&self) -> usize {
            self.0.width()
        }
        fn push(
            &self,
            pass: mdfe_train::Pass<'_>,
            sink: &mut mdfe_train::Sink<'_>,
        ) -> mdfe_train::Result<()> {
            self.0.push(pass, &mut |samples| {
                if let Some(place) = samples.rows.iter().position(|row| *row == 5) {
                    samples.rows.remove(place);
                    samples.values.drain(place * DIM..(place + 1) * DIM);
                }
                sink(samples)
            })
        }
    }
    let source = Lacking(Toy::new(80, 7));
    // Five batches an epoch, in steps of three and two.
    let recipe = changed(|r| (r.train.accumulate, r.train.batch) = (3, 16));
    let make = || Trainer::new(recipe.clone(), &source).unwrap();
    let unbroken = Trained::of(make(), None);
    let epochs: Vec<usize> = unbroken.reports.iter().map(|report| report.epoch).collect();
    assert_eq!(epochs, (0..24).map(|step| step / 2).collect::<Vec<_>>());
    for stop_at in [4, 5] {
        let dir = tempfile::tempdir().unwrap();
        let resumed = stopped_and_resumed(make, &Checkpoints::new(dir.path(), 1), stop_at);
        assert!(resumed == unbroken.state, "stopped at {stop_at}");
    }
}
