//! The run itself.

use super::{
    RunFolder, RunObserver, RunRecord, RunState, Scores, SetScores, TestSet, Widths, retrieval,
    run_folder::SkippedOf,
    table,
    views::{self, Present},
};
use crate::{
    Checkpoints, Error, FeatureSource, JoinedFeatures, Outcome, Recipe, Result, RunLog, StepReport, Trainer,
    Watch,
};
use mdfe_data::{
    Dataset, Skipped,
    store::{FeatureStore, FeatureView, View},
};
use mdfe_model::{
    EmbedderFile, EmbedderMeta, Projection, ProjectionKind,
    extract::{ExtractOptions, Extractor, extract},
};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// Everything a run needs, read and resolved.
pub struct Run<'a> {
    /// How to train.
    pub recipe: Recipe,
    /// The resolved experiment as TOML, for `config.toml`.
    pub config: String,
    /// The resolved experiment, for `run.json`.
    pub experiment: serde_json::Value,
    /// Training sets; their classes stand side by side.
    pub train: Vec<Dataset>,
    /// Test sets; none for a run without scores.
    pub test: Vec<TestSet>,
    /// The backbone.
    pub extractor: Extractor<'a>,
    /// Where and how features are stored.
    pub extract: ExtractOptions,
    /// k of mMP@k.
    pub k: usize,
    /// Where the results go, claimed.
    pub folder: RunFolder,
}

/// How a run ended.
pub enum RunOutcome {
    /// With these scores; `None` without a test set.
    Finished(Option<Box<Scores>>),
    /// At a stop; what is done is kept. Whether the training had begun, so that `--resume` goes on from it.
    Stopped {
        /// Whether a checkpoint is there.
        resumable: bool,
    },
}

/// A data set with its features.
struct Extracted {
    rows: FeatureView,
    skipped: Vec<Skipped>,
}

/// A test set with its features.
struct ExtractedTest {
    query: Extracted,
    index: Option<Extracted>,
}

impl Run<'_> {
    /// Extracts, trains, scores and writes the run folder.
    ///
    /// # Errors
    /// Those of [`extract`], [`Trainer`] and the evaluation; [`Error::RunFolder`] and [`Error::Data`] when a resume would not go on with the
    /// same weights and data. The folder is as it was after any of them.
    pub fn go(&self, observer: &mut dyn RunObserver, stop: &AtomicBool) -> Result<RunOutcome> {
        let record = RunRecord::read(self.folder.path())?.filter(|_| self.folder.resumes());
        if let Some(record) = &record {
            self.expect_space(record)?;
        }
        let stopped = RunOutcome::Stopped { resumable: false };
        let mut train = Vec::new();
        for dataset in &self.train {
            let Some(extracted) = self.rows(dataset, observer, stop)? else { return Ok(stopped) };
            train.push(extracted);
        }
        let mut test = Vec::new();
        for set in &self.test {
            let Some(query) = self.rows(&set.query, observer, stop)? else { return Ok(stopped) };
            let index = match &set.index {
                None => None,
                Some(index) => match self.rows(index, observer, stop)? {
                    None => return Ok(stopped),
                    extracted => extracted,
                },
            };
            test.push(ExtractedTest { query, index });
        }
        if record.is_some() {
            train = self.stored("train", train.into_iter().zip(&self.train))?;
            test = self.stored_tests(test)?;
        }
        let parts: Vec<Box<dyn FeatureSource>> = train
            .iter()
            .map(|extracted| Box::new(extracted.rows.clone()) as Box<dyn FeatureSource>)
            .collect();
        let features = JoinedFeatures::new(parts)?;
        let checkpoints = Checkpoints::new(self.folder.checkpoints(), self.recipe.train.keep);
        let mut trainer = match record.is_some() {
            true => Trainer::resume(self.recipe.clone(), &features, &checkpoints)?,
            false => Trainer::new(self.recipe.clone(), &features)?,
        };
        match record.is_some() {
            true => observer.resumed(trainer.state().step, trainer.total_steps()),
            false => self.begin(&train, &test)?,
        }
        let mut log = RunLog::new(self.folder.path(), trainer.state().step)?;
        let outcome = {
            let mut watch = Watch(|report: &StepReport| observer.trained(report));
            trainer.run(Some(&checkpoints), &mut (&mut log, &mut watch), stop)?
        };
        log.finish()?;
        if outcome == Outcome::Stopped {
            return Ok(RunOutcome::Stopped { resumable: true });
        }
        let projection = trainer.projection()?;
        let scores = self.score(&projection, &test)?;
        self.save(projection, scores.as_ref())?;
        self.record(&train, &test, RunState::Finished).write(self.folder.path())?;
        Ok(RunOutcome::Finished(scores.map(Box::new)))
    }

    /// Refuses to go on with other weights than those of the run.
    fn expect_space(&self, record: &RunRecord) -> Result<()> {
        let space = self.extractor.space(self.extract.dtype);
        if space.fingerprint() == record.space {
            return Ok(());
        }
        let path = self.folder.path().to_path_buf();
        let problem = format!(
            "the run in {} was trained on the features {}, these are {} ({}): backbone, weights, preprocess record and dtypes must be the \
             same; begin again with --overwrite, or give another --run-dir",
            path.display(),
            record.space.short(),
            space.fingerprint().short(),
            space.backbone.name
        );
        Err(Error::RunFolder { path, problem })
    }

    /// The rows of the run that is there, if the data is still the same; `kind` is that of their files.
    fn stored<'d>(
        &self,
        kind: &str,
        present: impl Iterator<Item = (Extracted, &'d Dataset)>,
    ) -> Result<Vec<Extracted>> {
        let one = |(i, (extracted, dataset)): (usize, (Extracted, &Dataset))| {
            let stored = View::open(&views::file(self.folder.path(), kind, i))?;
            let was_skipped = self.folder.was_skipped(&dataset.name)?;
            let now = Present { view: extracted.rows.view(), skipped: &extracted.skipped };
            let view = views::reconcile(stored, now, &was_skipped)?;
            let store = Arc::new(FeatureStore::open(extracted.rows.store().dir())?);
            let rows = FeatureView::new(store, Arc::new(view))?;
            Ok(Extracted { rows, ..extracted })
        };
        present.enumerate().map(one).collect()
    }

    /// [`Run::stored`] for the test sets: a score after a resume is that of an unbroken run.
    fn stored_tests(&self, present: Vec<ExtractedTest>) -> Result<Vec<ExtractedTest>> {
        let mut queries = Vec::new();
        let mut indexes = Vec::new();
        for (rows, set) in present.into_iter().zip(&self.test) {
            queries.push((rows.query, &set.query));
            indexes.push(rows.index.zip(set.index.as_ref()));
        }
        let queries = self.stored("query", queries.into_iter())?;
        let has_index: Vec<bool> = indexes.iter().map(Option::is_some).collect();
        let mut indexes = self.stored("index", indexes.into_iter().flatten())?.into_iter();
        let index = |has: bool| if has { indexes.next() } else { None };
        let index: Vec<_> = has_index.into_iter().map(index).collect();
        Ok(queries.into_iter().zip(index).map(|(query, index)| ExtractedTest { query, index }).collect())
    }

    /// Writes what the run begins with.
    fn begin(&self, train: &[Extracted], test: &[ExtractedTest]) -> Result<()> {
        self.folder.begin(&self.record(train, test, RunState::Running), &self.config)?;
        let dir = self.folder.path();
        let indexes = test.iter().filter_map(|set| set.index.as_ref());
        let kinds: [(&str, Vec<&Extracted>); 3] = [
            ("train", train.iter().collect()),
            ("query", test.iter().map(|set| &set.query).collect()),
            ("index", indexes.collect()),
        ];
        for (kind, all) in kinds {
            for (i, extracted) in all.into_iter().enumerate() {
                extracted.rows.view().write(&views::file(dir, kind, i))?;
            }
        }
        let test_rows = test.iter().flat_map(|set| std::iter::once(&set.query).chain(&set.index));
        let names = self
            .train
            .iter()
            .chain(self.test.iter().flat_map(|set| std::iter::once(&set.query).chain(&set.index)));
        let mut skipped = Vec::new();
        for (extracted, dataset) in train.iter().chain(test_rows).zip(names) {
            let of =
                |skipped: &Skipped| SkippedOf { dataset: dataset.name.clone(), skipped: skipped.clone() };
            skipped.extend(extracted.skipped.iter().map(of));
        }
        self.folder.write_skipped(&skipped)
    }

    fn record(&self, train: &[Extracted], test: &[ExtractedTest], state: RunState) -> RunRecord {
        let of = |extracted: &Extracted| extracted.rows.view().fingerprint();
        let test = test.iter().flat_map(|set| std::iter::once(&set.query).chain(&set.index));
        RunRecord {
            format: RunRecord::FORMAT.to_owned(),
            mdfe: env!("CARGO_PKG_VERSION").to_owned(),
            state,
            experiment: self.experiment.clone(),
            space: self.extractor.space(self.extract.dtype).fingerprint(),
            train: train.iter().map(of).collect(),
            test: test.map(of).collect(),
        }
    }

    /// The features of one data set; `None` at a stop.
    fn rows(
        &self,
        dataset: &Dataset,
        observer: &mut dyn RunObserver,
        stop: &AtomicBool,
    ) -> Result<Option<Extracted>> {
        let extraction = extract(&self.extractor, dataset, &self.extract, |progress| {
            observer.extracting(&dataset.name, progress);
            !stop.load(Ordering::SeqCst)
        })?;
        observer.extracted(&dataset.name, &extraction);
        let Some(rows) = extraction.rows else { return Ok(None) };
        if rows.is_empty() {
            let (name, dir) = (&dataset.name, extraction.dir.display());
            return Err(Error::Data(format!("no image of {name} could be read; see {dir}")));
        }
        Ok(Some(Extracted { rows, skipped: extraction.skipped }))
    }

    /// Each test set by itself: a class of one is no class of another.
    fn score(&self, projection: &Projection, test: &[ExtractedTest]) -> Result<Option<Scores>> {
        let one = |(set, rows): (&TestSet, &ExtractedTest)| -> Result<SetScores> {
            let index = rows.index.as_ref().map(|index| &index.rows);
            let comparison = retrieval::score(projection, &rows.query.rows, index, self.k)?;
            Ok(SetScores { name: set.name.clone(), protocol: set.protocol, comparison })
        };
        let sets = self.test.iter().zip(test).map(one).collect::<Result<Vec<_>>>()?;
        Ok((!sets.is_empty()).then(|| Scores::new(sets)))
    }

    fn save(&self, projection: Projection, scores: Option<&Scores>) -> Result<()> {
        let kind = match &projection {
            Projection::Linear { .. } => ProjectionKind::Linear,
            Projection::AvgPool { .. } => ProjectionKind::AvgPool,
            Projection::Identity { .. } => ProjectionKind::Identity,
        };
        let names = |sets: &[Dataset]| sets.iter().map(|d| d.name.clone()).collect::<Vec<_>>();
        let widths = Widths { feature_dim: projection.feature_dim(), embed_dim: projection.embed_dim() };
        let meta = EmbedderMeta {
            format: EmbedderMeta::FORMAT.to_owned(),
            backbone: self.extractor.id.clone(),
            preprocess: self.extractor.preprocess.clone(),
            projection: kind,
            feature_dim: widths.feature_dim,
            embed_dim: widths.embed_dim,
            training: serde_json::json!({
                "data": names(&self.train),
                "recipe": self.recipe,
                "scores": scores.and_then(Scores::trained),
            }),
        };
        let file = EmbedderFile { meta, projection, standalone: None };
        file.save(&self.folder.embedder(), &[])?;
        scores.map_or(Ok(()), |scores| self.folder.write_scores(scores, &table(scores, widths, self.k)))
    }
}
