//! From data sets and a backbone to scores: extract (or reuse), train, compare, save.

mod retrieval;
mod run_folder;
mod split;
mod table;

pub use run_folder::RunFolder;
pub use split::hold_out_classes;
pub use table::table;

use run_folder::SkippedOf;

use crate::{
    Checkpoints, Comparison, Error, FeatureSource, JoinedFeatures, Outcome, Recipe, Result, StepReport,
    Trainer, Watch,
};
use mdfe_data::{
    Dataset,
    store::{FeatureStore, Skipped},
};
use mdfe_model::{
    EmbedderFile, EmbedderMeta, ProjectionKind,
    extract::{ExtractOptions, ExtractProgress, Extraction, Extractor, extract},
};
use std::sync::atomic::{AtomicBool, Ordering};

/// Everything a run needs, read and resolved.
pub struct Run<'a> {
    /// How to train.
    pub recipe: Recipe,
    /// Training sets; their classes stand side by side.
    pub train: Vec<Dataset>,
    /// Query sets of the evaluation; none for a run without scores.
    pub query: Vec<Dataset>,
    /// Index sets; none for leave-one-out among the queries.
    pub index: Vec<Dataset>,
    /// The backbone.
    pub extractor: Extractor<'a>,
    /// Where and how features are stored.
    pub extract: ExtractOptions,
    /// k of mMP@k.
    pub k: usize,
    /// Where the results go.
    pub folder: RunFolder,
    /// Whether to go on from the newest checkpoint.
    pub resume: bool,
}

/// Who watches a run.
pub trait RunObserver {
    /// An extraction of `dataset` goes on.
    fn extracting(&mut self, dataset: &str, progress: ExtractProgress);
    /// The extraction of `dataset` has ended.
    fn extracted(&mut self, dataset: &str, extraction: &Extraction);
    /// A training step has ended.
    fn trained(&mut self, report: &StepReport);
}

/// How a run ended.
pub enum RunOutcome {
    /// With these scores; `None` without an evaluation.
    Finished(Option<Box<Comparison>>),
    /// At a stop; what is done is kept, and the same command (with `--resume` for the training) goes on from it.
    Stopped,
}

impl Run<'_> {
    /// Extracts, trains, scores and writes the run folder.
    ///
    /// # Errors
    /// Those of [`extract`], [`Trainer`] and the evaluation; [`Error::Data`] when nothing is left to train on.
    pub fn go(&self, observer: &mut dyn RunObserver, stop: &AtomicBool) -> Result<RunOutcome> {
        let mut skipped = Vec::new();
        let mut stores = |sets: &[Dataset]| -> Result<Option<Vec<FeatureStore>>> {
            let mut stores = Vec::new();
            for dataset in sets {
                let Some(store) = self.store(dataset, observer, stop)? else { return Ok(None) };
                let of =
                    |skipped: &Skipped| SkippedOf { dataset: dataset.name.clone(), skipped: skipped.clone() };
                skipped.extend(store.manifest().skipped.iter().map(of));
                stores.push(store);
            }
            Ok(Some(stores))
        };
        let (Some(train), Some(query), Some(index)) =
            (stores(&self.train)?, stores(&self.query)?, stores(&self.index)?)
        else {
            return Ok(RunOutcome::Stopped);
        };
        self.folder.write_skipped(&skipped)?;
        let parts = train.into_iter().map(|store| Box::new(store) as Box<dyn FeatureSource>).collect();
        let features = JoinedFeatures::new(parts)?;
        let checkpoints = Checkpoints::new(self.folder.checkpoints(), self.recipe.train.keep)?;
        let mut trainer = if self.resume {
            Trainer::resume(self.recipe.clone(), &features, &checkpoints)?
        } else {
            Trainer::new(self.recipe.clone(), &features)?
        };
        let mut log = crate::RunLog::new(self.folder.path(), trainer.state().step)?;
        let outcome = {
            let mut watch = Watch(|report: &StepReport| observer.trained(report));
            trainer.run(Some(&checkpoints), &mut (&mut log, &mut watch), stop)?
        };
        log.finish()?;
        if outcome == Outcome::Stopped {
            return Ok(RunOutcome::Stopped);
        }
        let projection = trainer.projection()?;
        let comparison = match query.is_empty() {
            true => None,
            false => Some(Box::new(retrieval::compare_stores(&projection, &query, &index, self.k)?)),
        };
        self.save(projection, comparison.as_deref())?;
        Ok(RunOutcome::Finished(comparison))
    }

    /// The features of one data set; `None` at a stop.
    fn store(
        &self,
        dataset: &Dataset,
        observer: &mut dyn RunObserver,
        stop: &AtomicBool,
    ) -> Result<Option<FeatureStore>> {
        let extraction = extract(&self.extractor, dataset, &self.extract, |progress| {
            observer.extracting(&dataset.name, progress);
            !stop.load(Ordering::SeqCst)
        })?;
        observer.extracted(&dataset.name, &extraction);
        match extraction.store {
            Some(store) if store.is_empty() => Err(Error::Data(format!(
                "no image of {} could be read; see {}",
                dataset.name,
                extraction.dir.display()
            ))),
            store => Ok(store),
        }
    }

    fn save(&self, projection: mdfe_model::Projection, comparison: Option<&Comparison>) -> Result<()> {
        let kind = match &projection {
            mdfe_model::Projection::Linear { .. } => ProjectionKind::Linear,
            mdfe_model::Projection::AvgPool { .. } => ProjectionKind::AvgPool,
            mdfe_model::Projection::Identity { .. } => ProjectionKind::Identity,
        };
        let names = |sets: &[Dataset]| sets.iter().map(|d| d.name.clone()).collect::<Vec<_>>();
        let meta = EmbedderMeta {
            format: EmbedderMeta::FORMAT.to_owned(),
            backbone: self.extractor.id.clone(),
            preprocess: self.extractor.preprocess.clone(),
            projection: kind,
            feature_dim: projection.feature_dim(),
            embed_dim: projection.embed_dim(),
            training: serde_json::json!({
                "data": names(&self.train),
                "recipe": self.recipe,
                "scores": comparison.map(|scores| &scores.trained.overall),
            }),
        };
        let file = EmbedderFile { meta, projection, standalone: None };
        file.save(&self.folder.embedder(), &[])?;
        comparison.map_or(Ok(()), |scores| self.folder.write_scores(scores))
    }
}
