//! The one trainer: features, projection, margin loss, optimizer.

mod sharpness;
mod state;
mod step;

pub use state::TrainState;

use crate::{
    Checkpoints, Error, FeatureSource, Observer, Recipe, Result, StepReport,
    random::{Purpose, shuffle, stream},
};
use mdfe_loss::{CenterShape, FusedStep, MarginLoss};
use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Instant,
};

/// How a training ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All epochs are done.
    Finished,
    /// The stop flag was set; a checkpoint holds everything up to here.
    Stopped,
}

/// The samples in the order of an epoch.
struct Order {
    epoch: usize,
    rows: Vec<usize>,
}

/// A training in progress.
///
/// The order of the samples is shuffled anew in each epoch, and the last, smaller batch of an epoch is trained on too. Same
/// recipe and source: the same bytes, on any number of threads and however often it was stopped and resumed.
pub struct Trainer<'a> {
    recipe: Recipe,
    source: &'a dyn FeatureSource,
    state: TrainState,
    fused: FusedStep,
    scratch: step::Scratch,
}

impl<'a> Trainer<'a> {
    /// A training at its start.
    ///
    /// # Errors
    /// [`Error::Config`] for a value that its key does not take ([`Recipe::check`]), [`Error::Data`] for a source without samples or
    /// with a label beyond its classes, [`Error::Loss`] for what the loss refuses.
    pub fn new(recipe: Recipe, source: &'a dyn FeatureSource) -> Result<Self> {
        recipe.check()?;
        if source.is_empty() {
            return Err(Error::Data("there is nothing to train: the data has no samples".to_owned()));
        }
        let shape = CenterShape {
            num_classes: source.num_classes(),
            sub_centers: recipe.loss.sub_centers,
            embed_dim: recipe.projection.embed_dim,
        };
        let mut counts = vec![0u64; shape.num_classes];
        for &label in source.labels() {
            let count = counts.get_mut(label as usize).ok_or_else(|| {
                Error::Data(format!("label {label} is out of range: there are {} classes", shape.num_classes))
            })?;
            *count += 1;
        }
        let loss = MarginLoss::new(&recipe.loss.options, shape.num_classes, Some(&counts))?;
        let loss_state = loss.initial_state();
        let fused = FusedStep::new(loss, shape)?;
        let state = TrainState::new(&recipe, source.dim(), shape, loss_state);
        Ok(Self { scratch: step::Scratch::new(&state), recipe, source, state, fused })
    }

    /// The training as its newest checkpoint left it.
    ///
    /// # Errors
    /// Those of [`Trainer::new`]; [`Error::NoCheckpoint`] where there is none, [`Error::OtherExperiment`] and [`Error::Checkpoint`].
    pub fn resume(recipe: Recipe, source: &'a dyn FeatureSource, checkpoints: &Checkpoints) -> Result<Self> {
        let mut trainer = Self::new(recipe, source)?;
        let newest = checkpoints.newest()?;
        let path = newest.ok_or_else(|| Error::NoCheckpoint { path: checkpoints.dir().to_path_buf() })?;
        let experiment = trainer.fingerprint();
        checkpoints.load(&path, &mut trainer.state, &experiment)?;
        Ok(trainer)
    }

    /// What has been learnt so far.
    pub fn state(&self) -> &TrainState {
        &self.state
    }

    /// Steps in an epoch, the smaller last one included.
    pub fn steps_per_epoch(&self) -> usize {
        self.source.len().div_ceil(self.recipe.train.batch)
    }

    /// Steps of the whole training.
    pub fn total_steps(&self) -> usize {
        self.recipe.train.total_steps(self.steps_per_epoch())
    }

    /// The projection as the embedder uses it.
    ///
    /// # Errors
    /// Never for a trainer that [`Trainer::new`] built.
    pub fn projection(&self) -> Result<mdfe_model::Projection> {
        let linear = &self.state.projection;
        Ok(match self.recipe.projection.kind {
            crate::ProjectionKind::Linear => {
                mdfe_model::Projection::linear(linear.weight.clone(), linear.bias.clone())?
            }
            crate::ProjectionKind::AvgPool => mdfe_model::Projection::AvgPool {
                feature_dim: linear.feature_dim(),
                embed_dim: linear.embed_dim(),
            },
        })
    }

    /// Trains to the end, or until `stop` is set, which is looked at after each step.
    ///
    /// With `checkpoints`, one is written every `train.checkpoint_every` epochs, at a stop and at the end.
    ///
    /// # Errors
    /// [`Error::Diverged`] when a loss or weight is not finite: the checkpoints stay as they were. What hinders the
    /// source, the checkpoints or the observer.
    pub fn run(
        &mut self,
        checkpoints: Option<&Checkpoints>,
        observer: &mut dyn Observer,
        stop: &AtomicBool,
    ) -> Result<Outcome> {
        let (per_epoch, total) = (self.steps_per_epoch(), self.total_steps());
        let course = self.recipe.schedule.course(per_epoch, total);
        let (started, mut seen) = (Instant::now(), 0);
        let mut order = self.order(self.state.step / per_epoch);
        while self.state.step < total {
            let step = self.state.step;
            let (epoch, position) = (step / per_epoch, step % per_epoch);
            if order.epoch != epoch {
                order = self.order(epoch);
            }
            let from = position * self.recipe.train.batch;
            let rows = &order.rows[from..order.rows.len().min(from + self.recipe.train.batch)];
            let lr = self.recipe.schedule.rate(self.recipe.optimizer.lr, step, course);
            let loss = self.train_step(rows, epoch, lr).map_err(|e| self.diverged(e, lr, checkpoints))?;
            self.state.step += 1;
            seen += rows.len();
            let samples_per_s = seen as f64 / started.elapsed().as_secs_f64().max(1e-9);
            observer.step(&StepReport { step, epoch, total_steps: total, loss, lr, samples_per_s })?;
            let stopped = stop.load(Ordering::Relaxed);
            if let Some(checkpoints) = checkpoints
                && (stopped || self.state.step == total || self.is_checkpoint(per_epoch))
            {
                if let Some(name) = self.state.not_finite() {
                    return Err(self.spoilt(name, lr, Some(checkpoints)));
                }
                checkpoints.save(&self.state, &self.fingerprint())?;
            }
            if stopped && self.state.step < total {
                return Ok(Outcome::Stopped);
            }
        }
        Ok(Outcome::Finished)
    }

    fn is_checkpoint(&self, per_epoch: usize) -> bool {
        let every = self.recipe.train.checkpoint_every * per_epoch;
        every > 0 && self.state.step.is_multiple_of(every)
    }

    /// The samples in the order of an epoch.
    fn order(&self, epoch: usize) -> Order {
        let mut rows: Vec<usize> = (0..self.source.len()).collect();
        shuffle(&mut rows, &mut stream(self.recipe.train.seed, Purpose::Order, epoch));
        Order { epoch, rows }
    }

    /// What a checkpoint must agree with: the recipe and the data.
    fn fingerprint(&self) -> serde_json::Value {
        let mut recipe = serde_json::to_value(&self.recipe).unwrap_or_default();
        // How often checkpoints are written does not change what is learnt.
        if let Some(train) = recipe.get_mut("train").and_then(|train| train.as_object_mut()) {
            train.remove("checkpoint_every");
            train.remove("keep");
        }
        serde_json::json!({
            "recipe": recipe,
            "data": {
                "samples": self.source.len(),
                "classes": self.source.num_classes(),
                "feature_dim": self.source.dim(),
                "fingerprint": self.source.fingerprint(),
            },
        })
    }

    fn diverged(&self, error: Error, lr: f64, checkpoints: Option<&Checkpoints>) -> Error {
        match error {
            Error::Loss(source @ mdfe_loss::Error::NotFinite { .. }) => {
                self.stopped_by(source.to_string(), lr, checkpoints)
            }
            other => other,
        }
    }

    /// A parameter is not finite: the step that made it so has been taken, and what is on disk stays the last good state.
    fn spoilt(&self, name: &str, lr: f64, checkpoints: Option<&Checkpoints>) -> Error {
        self.stopped_by(format!("`{name}` holds a value that is not finite"), lr, checkpoints)
    }

    fn stopped_by(&self, reason: String, lr: f64, checkpoints: Option<&Checkpoints>) -> Error {
        let kept = match checkpoints.and_then(|all| all.newest().ok().flatten()) {
            Some(path) => format!("the last good state is in {}", path.display()),
            None => "no checkpoint had been written yet".to_owned(),
        };
        Error::Diverged { step: self.state.step, lr, reason, kept }
    }
}
