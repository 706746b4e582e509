//! The one trainer: source, encoder, projection, heads, optimizer.

mod gradients;
mod heads;
mod parts;
mod sharpness;
mod state;
mod step;
mod times;
mod validate;

pub use state::{BestScore, TrainState, ValidState};
pub use times::StepTimes;

use crate::{
    Checkpoints, Encoder, Error, Group, Identity, Observer, Param, Pass, ProjectionKind, Recipe, Result,
    Samples, Source, StepReport,
    checkpoint::Kind,
    projection::{Beginning, Layers, Pca},
    source::check_labels,
};
use heads::{Heads, NewHeads};
use mdfe_data::{SampleFacts, Sampler, SamplerOptions};
use parts::Parts;
use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Instant,
};

/// How a training ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All steps are done, or validation has found nothing better for long enough.
    Finished,
    /// The stop flag was set; a checkpoint holds everything up to here.
    Stopped,
}

/// A training in progress.
///
/// The sampler decides the order of the samples anew in each epoch, and the last, smaller batch of an epoch is trained on too. Same
/// recipe, source and encoder: the same bytes, on any number of threads and however often it was stopped and resumed.
pub struct Trainer<'a> {
    recipe: Recipe,
    source: &'a dyn Source,
    encoder: Box<dyn Encoder + 'a>,
    layers: Layers,
    heads: Heads,
    sampler: Sampler,
    validation: Option<&'a dyn Source>,
    state: TrainState,
    parts: Parts,
    scratch: step::Scratch,
}

impl<'a> Trainer<'a> {
    /// A training on features at its start.
    ///
    /// # Errors
    /// [`Error::Config`] for a value that its key does not take ([`Recipe::check`]), [`Error::Data`] for a source without samples or
    /// with a label beyond its classes, [`Error::Loss`] for what the loss refuses.
    pub fn new(recipe: Recipe, source: &'a dyn Source) -> Result<Self> {
        let encoder = Identity { feature_dim: source.width() };
        Self::with_encoder(recipe, source, Box::new(encoder), None)
    }

    /// A training through an encoder at its start. `pca` is what `projection.kind = "pca"` needs.
    ///
    /// # Errors
    /// Those of [`Trainer::new`].
    pub fn with_encoder(
        recipe: Recipe,
        source: &'a dyn Source,
        encoder: Box<dyn Encoder + 'a>,
        pca: Option<&Pca>,
    ) -> Result<Self> {
        recipe.check()?;
        let facts = source.facts();
        check_labels(facts)?;
        let (seed, feature_dim) = (recipe.train.seed, encoder.feature_dim());
        let bad = |problem: String| Error::Config { place: "the recipe".to_owned(), problem };
        if recipe.projection.kind == ProjectionKind::Pca {
            let dim = recipe.projection.embed_dim;
            let fitted = pca.map(Pca::feature_dim).ok_or_else(|| {
                bad("`projection.kind` is pca, which is fitted on stored features; extract them".into())
            })?;
            if fitted != feature_dim {
                return Err(Error::Data(format!(
                    "principal components of {fitted} features do not fit features of width {feature_dim}: fit them on the features that \
                     are trained on"
                )));
            }
            if dim > feature_dim {
                return Err(bad(format!(
                    "`projection.embed_dim` is {dim}, there are {feature_dim} principal components; lower it"
                )));
            }
        }
        let (layers, projection) = Layers::new(&recipe.projection, Beginning { feature_dim, seed, pca });
        let NewHeads { heads, centers, losses } =
            NewHeads::new(&recipe.loss, facts, layers.embed_dim(), seed)?;
        let backbone = encoder.params();
        let parts = Parts::new(backbone.len(), projection.len(), centers.len());
        let params: Vec<Param> = backbone.into_iter().chain(projection).chain(centers).collect();
        let state = TrainState::new(&recipe, params, losses);
        let sampler = Sampler::new(
            SampleFacts { classes: &facts.labels, domains: &facts.domains },
            SamplerOptions {
                batch: recipe.train.batch * recipe.train.accumulate,
                sampling: recipe.train.sampling(),
                seed,
                drop_last: false,
            },
        )?;
        Ok(Self {
            recipe,
            source,
            encoder,
            layers,
            heads,
            sampler,
            validation: None,
            state,
            parts,
            scratch: step::Scratch::default(),
        })
    }

    /// Validates on these samples, whose classes are not trained, as the recipe's `valid` section says.
    pub fn validate_on(mut self, validation: &'a dyn Source) -> Self {
        self.validation = Some(validation);
        self
    }

    /// Goes on from the newest checkpoint.
    ///
    /// # Errors
    /// [`Error::NoCheckpoint`] where there is none, [`Error::OtherExperiment`] and [`Error::Checkpoint`].
    pub fn resume_from(&mut self, checkpoints: &Checkpoints) -> Result<()> {
        let newest = checkpoints.newest()?;
        let path = newest.ok_or_else(|| Error::NoCheckpoint { path: checkpoints.dir().to_path_buf() })?;
        let experiment = self.fingerprint();
        checkpoints.load(&path, &mut self.state, &experiment)?;
        self.reload()
    }

    /// The training on features as its newest checkpoint left it.
    ///
    /// # Errors
    /// Those of [`Trainer::new`] and [`Trainer::resume_from`].
    pub fn resume(recipe: Recipe, source: &'a dyn Source, checkpoints: &Checkpoints) -> Result<Self> {
        let mut trainer = Self::new(recipe, source)?;
        trainer.resume_from(checkpoints)?;
        Ok(trainer)
    }

    /// Begins with the values of another training's parameters where name and size are the same; returns their names. Steps, moments and
    /// averages begin anew. A projection that its kind gives (`avgpool`, `pca`) stays what it is.
    ///
    /// # Errors
    /// Those of the encoder.
    pub fn warm_start(&mut self, from: &[Param]) -> Result<Vec<String>> {
        let mut taken = Vec::new();
        let kind = self.recipe.projection.kind;
        for param in &mut self.state.params {
            if param.group == Group::Projection && kind.is_given() {
                continue;
            }
            let same = |other: &&Param| other.name == param.name && other.data.len() == param.data.len();
            if let Some(other) = from.iter().find(same) {
                param.data.copy_from_slice(other.final_data());
                if !param.average.is_empty() {
                    param.average.copy_from_slice(other.final_data());
                }
                taken.push(param.name.clone());
            }
        }
        self.reload()?;
        Ok(taken)
    }

    /// What has been learnt so far.
    pub fn state(&self) -> &TrainState {
        &self.state
    }

    /// Where the time of the steps so far went.
    pub fn times(&self) -> StepTimes {
        self.scratch.times
    }

    /// Steps in an epoch, the smaller last one included.
    pub fn steps_per_epoch(&self) -> usize {
        self.sampler.batches()
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
        self.layers.finish(&self.state.params[self.parts.projection()])
    }

    /// Takes the state of the best checkpoint, where validation has found one, and the averaged weights of the encoder.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] when it cannot be read, those of the encoder.
    pub fn take_best(&mut self, checkpoints: &Checkpoints) -> Result<()> {
        if self.state.validation.best.is_some() {
            let experiment = self.fingerprint();
            checkpoints.load(&checkpoints.best(), &mut self.state, &experiment)?;
        }
        self.load_final()
    }

    /// Trains to the end, or until `stop` is set, which is looked at after each step.
    ///
    /// With `checkpoints`, one is written as often as the recipe says, at a stop and at the end; and one of the best validation. The
    /// observer is told of each.
    ///
    /// # Errors
    /// [`Error::Diverged`] when a loss or weight is not finite: the checkpoints stay as they were. What hinders the
    /// source, the checkpoints or the observer. [`Error::Data`], before the first step, for samples that cannot be validated on.
    pub fn run(
        &mut self,
        checkpoints: Option<&Checkpoints>,
        observer: &mut dyn Observer,
        stop: &AtomicBool,
    ) -> Result<Outcome> {
        self.check_validation()?;
        let (per_epoch, total) = (self.steps_per_epoch(), self.total_steps());
        let mut watched = Watched { checkpoints, observer, stop, started: Instant::now(), seen: 0 };
        let source = self.source;
        let step_samples = self.recipe.train.batch * self.recipe.train.accumulate;
        while self.state.step < total && !self.is_stale() {
            let epoch = self.state.step / per_epoch;
            let order = self.sampler.epoch(epoch as u64);
            let left = &order[((self.state.step % per_epoch) * step_samples).min(order.len())..];
            let pass =
                Pass { epoch, seed: self.recipe.train.seed, order: left, batch: self.recipe.train.batch };
            let (mut waiting, mut pushed, mut outcome) = (Vec::new(), 0, None);
            source.push(pass, &mut |samples| {
                pushed += samples.rows.len();
                let full = waiting.len() + 1 == self.recipe.train.accumulate || pushed == left.len();
                let step = if waiting.is_empty() && full {
                    self.step(std::slice::from_mut(samples), &mut watched)?
                } else {
                    waiting.push(std::mem::take(samples));
                    if !full {
                        return Ok(true);
                    }
                    self.step(&mut std::mem::take(&mut waiting), &mut watched)?
                };
                outcome = step;
                Ok(outcome.is_none() && self.state.step < total)
            })?;
            // A source that left out what it could not read has pushed fewer samples than were asked for.
            if !waiting.is_empty() {
                outcome = self.step(&mut waiting, &mut watched)?;
            }
            if let Some(outcome) = outcome {
                return Ok(outcome);
            }
        }
        Ok(Outcome::Finished)
    }

    /// Trains one step, then does what is due after it. `None` where the training goes on.
    fn step(&mut self, batches: &mut [Samples], watched: &mut Watched<'_>) -> Result<Option<Outcome>> {
        let (per_epoch, total) = (self.steps_per_epoch(), self.total_steps());
        let step = self.state.step;
        let (schedule, base) = (&self.recipe.schedule, self.recipe.optimizer.lr);
        let factor = schedule.factor(base, step, schedule.course(per_epoch, total));
        let lr = base * factor;
        let samples: usize = batches.iter().map(|batch| batch.rows.len()).sum();
        let loss = self
            .train_step(batches, factor)
            .map_err(|error| self.diverged(error, lr, watched.checkpoints))?;
        self.state.step += 1;
        watched.seen += samples;
        let samples_per_s = watched.seen as f64 / watched.started.elapsed().as_secs_f64().max(1e-9);
        let report =
            StepReport { step, epoch: step / per_epoch, total_steps: total, loss, lr, samples_per_s };
        watched.observer.step(&report)?;
        let done = self.state.step == total;
        let validates =
            self.validation.is_some() && (done || self.is_due(self.recipe.valid.every_steps(per_epoch)));
        if validates {
            self.expect_finite(lr, watched.checkpoints)?;
            self.validate(watched)?;
        }
        let stopped = watched.stop.load(Ordering::Relaxed);
        let finished = done || self.is_stale();
        let every = self.recipe.train.checkpoint_steps(per_epoch);
        if let Some(checkpoints) = watched.checkpoints
            && (stopped || finished || self.is_due(every))
        {
            self.expect_finite(lr, Some(checkpoints))?;
            let experiment = self.fingerprint();
            let path = checkpoints.save(&mut self.state, &experiment, Kind::Step)?;
            watched.observer.checkpoint(&path)?;
        }
        Ok(match (finished, stopped) {
            (true, _) => Some(Outcome::Finished),
            (_, true) => Some(Outcome::Stopped),
            _ => None,
        })
    }

    /// Whether something that happens every so many steps happens now; 0 is never.
    fn is_due(&self, every: usize) -> bool {
        every > 0 && self.state.step.is_multiple_of(every)
    }

    /// What a checkpoint must agree with: recipe, data and encoder.
    fn fingerprint(&self) -> serde_json::Value {
        let mut recipe = serde_json::to_value(&self.recipe).unwrap_or_default();
        // How often checkpoints are written, and where they go, does not change what is learnt.
        if let Some(train) = recipe.get_mut("train").and_then(|train| train.as_object_mut()) {
            for key in ["checkpoint_every", "checkpoint_every_steps", "keep", "upload"] {
                train.remove(key);
            }
        }
        let facts = self.source.facts();
        serde_json::json!({
            "recipe": recipe,
            "data": {
                "samples": facts.len(),
                "classes": facts.num_classes,
                "feature_dim": self.encoder.feature_dim(),
                "fingerprint": facts.fingerprint,
                "encoder": self.encoder.fingerprint(),
                "validation": self.validation.map(|source| source.facts().fingerprint),
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

    /// A parameter that is not finite: the step that made it so has been taken, and what is on disk stays the last good state.
    fn expect_finite(&self, lr: f64, checkpoints: Option<&Checkpoints>) -> Result<()> {
        self.state.not_finite().map_or(Ok(()), |name| {
            Err(self.stopped_by(format!("`{name}` holds a value that is not finite"), lr, checkpoints))
        })
    }

    fn stopped_by(&self, reason: String, lr: f64, checkpoints: Option<&Checkpoints>) -> Error {
        let kept = match checkpoints.and_then(|all| all.newest().ok().flatten()) {
            Some(path) => format!("the last good state is in {}", path.display()),
            None => "no checkpoint had been written yet".to_owned(),
        };
        Error::Diverged { step: self.state.step, lr, reason, kept }
    }
}

/// Who is told of a step, and where it is kept.
struct Watched<'w> {
    checkpoints: Option<&'w Checkpoints>,
    observer: &'w mut dyn Observer,
    stop: &'w AtomicBool,
    started: Instant,
    /// Samples since then.
    seen: usize,
}
