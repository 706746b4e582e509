//! One stage of a run: its source, its encoder, its training.

use super::{
    Run, RunObserver, Stage,
    prepare::{Data, Prepared},
    stage::Origin,
    warm_start::expect_taken,
};
use crate::{
    Checkpoints, Encoder, Error, FrozenBackbone, Identity, ImageSet, ImageSource, Observer, Outcome, Param,
    Pca, ProjectionKind, Result, RunLog, Scalar, Source, StepReport, StoredFeatures, Trainer, TuneOptions,
    TunedBackbone, files,
};
use mdfe_data::{LoaderOptions, TransformKind, store::Variant};
use mdfe_model::{
    Projection,
    extract::Extractor,
    tune::{FinishedBackbone, TunableBackbone},
};
use std::{
    path::Path,
    sync::{Arc, atomic::AtomicBool},
};

/// What a stage has learnt.
pub(super) struct Trained {
    pub(super) params: Vec<Param>,
    pub(super) projection: Projection,
    /// The backbone, where it was tuned.
    pub(super) backbone: Option<FinishedBackbone>,
    /// Steps done.
    pub(super) steps: usize,
}

/// How a stage ended.
pub(super) enum StageEnd {
    Trained(Box<Trained>),
    /// At a stop; whether the run had begun.
    Stopped {
        begun: bool,
    },
}

/// A stage at work.
pub(super) struct Training<'t> {
    pub(super) stage: &'t Stage,
    /// Its place among the stages.
    pub(super) number: usize,
    /// What the stage before has learnt, or what the run starts from.
    pub(super) from: &'t [Param],
    /// Steps of the stages before.
    pub(super) steps_before: usize,
    /// Whether a run goes on.
    pub(super) resumes: bool,
}

impl Run<'_> {
    /// Trains a stage to its end. The first one of a new run begins the run folder once nothing is left that can refuse.
    pub(super) fn train(
        &self,
        training: &Training<'_>,
        data: &Data,
        observer: &mut dyn RunObserver,
        stop: &AtomicBool,
    ) -> Result<StageEnd> {
        let begins = training.number == 0 && !training.resumes;
        let Stage { recipe, transform, tuned, .. } = training.stage;
        let mut tunable = tuned.map(|tuned| self.tunable(tuned)).transpose()?;
        let Some(source) = self.source(training.stage, &data.train, observer, stop)? else {
            return Ok(StageEnd::Stopped { begun: !begins });
        };
        let validation = if data.valid.is_empty() {
            None
        } else if training.stage.origin() == Origin::Images {
            Some(self.images(&data.valid, TransformKind::Eval)?)
        } else {
            Some(features(&data.valid)?)
        };
        let pca = match recipe.projection.kind {
            ProjectionKind::Pca => Some(Pca::fit(&stored(&data.train)?)?),
            _ => None,
        };
        let encoder: Box<dyn Encoder + '_> = match (&mut tunable, training.stage.origin()) {
            (Some(tunable), _) => {
                let options = TuneOptions { layer_decay: recipe.optimizer.layer_decay };
                Box::new(TunedBackbone::new(tunable, options)?)
            }
            (None, Origin::Images) => Box::new(FrozenBackbone::new(self.extractor.clone())),
            (None, _) => Box::new(Identity { feature_dim: source.width() }),
        };
        let mut trainer = Trainer::with_encoder(recipe.clone(), source.as_ref(), encoder, pca.as_ref())?;
        if let Some(validation) = &validation {
            trainer = trainer.validate_on(validation.as_ref());
            trainer.check_validation()?;
        }
        let checkpoints = Checkpoints::new(self.folder.checkpoints_of(training.number), recipe.train.keep);
        let resumed = training.resumes && checkpoints.newest()?.is_some();
        if resumed {
            trainer.resume_from(&checkpoints)?;
            let before = training.steps_before;
            observer.resumed(before + trainer.state().step, before + trainer.total_steps());
        } else if !training.from.is_empty() {
            let taken = trainer.warm_start(training.from)?;
            if let Some(start) = self.start.as_ref().filter(|_| training.number == 0) {
                expect_taken(start, &taken)?;
            }
            let lost = |param: &&Param| param.name.starts_with("backbone.") && !taken.contains(&param.name);
            if let Some(lost) = training.from.iter().find(lost) {
                return Err(Error::Data(format!(
                    "`{}` was tuned before and is not tuned now: a stage after a tuned one tunes at least as much (backbone.tune, \
                     backbone.tune_blocks, in {transform} stage {})",
                    lost.name, training.number
                )));
            }
        }
        if begins {
            self.begin(data)?;
        }
        files::remove_torn(self.folder.path())?;
        files::remove_torn(checkpoints.dir())?;
        let mut log = RunLog::new(self.folder.path(), training.steps_before + trainer.state().step)?;
        let mut shifted = Shifted { steps: training.steps_before, log: &mut log, observer };
        let outcome = trainer.run(Some(&checkpoints), &mut shifted, stop)?;
        log.finish()?;
        if outcome == Outcome::Stopped {
            return Ok(StageEnd::Stopped { begun: true });
        }
        let steps = trainer.state().step;
        trainer.take_best(&checkpoints)?;
        let (params, projection) = (trainer.state().params.clone(), trainer.projection()?);
        drop(trainer);
        let backbone = tunable.map(|tunable| tunable.finish()).transpose()?;
        Ok(StageEnd::Trained(Box::new(Trained { params, projection, backbone, steps })))
    }

    /// The samples of a stage; `None` at a stop.
    fn source(
        &self,
        stage: &Stage,
        train: &[Prepared],
        observer: &mut dyn RunObserver,
        stop: &AtomicBool,
    ) -> Result<Option<Box<dyn Source>>> {
        let count = match stage.origin() {
            Origin::Features => return features(train).map(Some),
            Origin::Images => return self.images(train, stage.transform).map(Some),
            Origin::Variants(count) => count,
        };
        let mut variants = Vec::new();
        for number in 0..count as u64 {
            let variant = Variant { transform: stage.transform, seed: stage.recipe.train.seed, number };
            let extractor = Extractor { variant: Some(variant), ..self.extractor.clone() };
            let mut views = Vec::new();
            for (dataset, prepared) in self.train.iter().zip(train) {
                let Some(found) = self.extract(&extractor, dataset, observer, stop)? else { return Ok(None) };
                views.push(found.features()?.with_view(Arc::clone(&prepared.view))?);
            }
            variants.push(views);
        }
        Ok(Some(Box::new(StoredFeatures::with_variants(variants)?)))
    }

    /// Pixels of these sets.
    fn images(&self, sets: &[Prepared], transform: TransformKind) -> Result<Box<dyn Source>> {
        let set = |set: &Prepared| ImageSet { view: Arc::clone(&set.view), root: set.root.clone() };
        let options = LoaderOptions { threads: self.extract.pipeline.threads, ..LoaderOptions::default() };
        let record = self.extractor.preprocess.clone();
        Ok(Box::new(ImageSource::new(sets.iter().map(set).collect(), transform, record, options)?))
    }

    fn tunable(&self, tuned: mdfe_model::tune::Tuned) -> Result<TunableBackbone> {
        Ok(TunableBackbone::load(&self.backbone.name, &self.backbone.options, tuned)?)
    }
}

fn stored(sets: &[Prepared]) -> Result<StoredFeatures> {
    StoredFeatures::new(sets.iter().map(|set| set.features().cloned()).collect::<Result<_>>()?)
}

fn features(sets: &[Prepared]) -> Result<Box<dyn Source>> {
    Ok(Box::new(stored(sets)?))
}

/// Tells log and observer of steps, counted from the run's first.
struct Shifted<'s> {
    steps: usize,
    log: &'s mut RunLog,
    observer: &'s mut dyn RunObserver,
}

impl Observer for Shifted<'_> {
    fn step(&mut self, report: &StepReport) -> Result<()> {
        let report = StepReport {
            step: report.step + self.steps,
            total_steps: report.total_steps + self.steps,
            ..*report
        };
        self.log.step(&report)?;
        self.observer.trained(&report);
        Ok(())
    }

    fn scalar(&mut self, scalar: &Scalar) -> Result<()> {
        let scalar = Scalar { step: scalar.step + self.steps, ..scalar.clone() };
        self.log.scalar(&scalar)?;
        self.observer.scalar(&scalar);
        Ok(())
    }

    fn checkpoint(&mut self, path: &Path) -> Result<()> {
        self.observer.checkpoint(path);
        Ok(())
    }
}
