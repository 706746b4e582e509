//! The run itself.

use super::{
    RunFolder, RunObserver, RunRecord, RunState, Scores, SetScores, Stage, TestSet, WarmStart, Widths,
    prepare::{Data, PreparedTest},
    retrieval, table,
    training::{StageEnd, Trained, Training},
    views,
};
use crate::{Error, Result};
use mdfe_data::Dataset;
use mdfe_model::{
    EmbedderFile, EmbedderMeta, LoadOptions, Projection,
    extract::{ExtractOptions, Extractor},
    tune::FinishedBackbone,
};
use std::sync::{Arc, atomic::AtomicBool};

/// Everything a run needs, read and resolved.
pub struct Run<'a> {
    /// What is trained, one after the other.
    pub stages: Vec<Stage>,
    /// The resolved experiment as TOML, for `config.toml`.
    pub config: String,
    /// The resolved experiment, for `run.json`.
    pub experiment: serde_json::Value,
    /// Training sets; their classes stand side by side.
    pub train: Vec<Dataset>,
    /// What is held out of them to validate; none for no validation.
    pub valid: Vec<Dataset>,
    /// Test sets; none for a run without scores.
    pub test: Vec<TestSet>,
    /// The backbone as it is.
    pub extractor: Extractor<'a>,
    /// Where it comes from, for stages that tune it.
    pub backbone: BackboneSource,
    /// Where and how features are stored.
    pub extract: ExtractOptions,
    /// k of mMP@k.
    pub k: usize,
    /// Where the results go, claimed.
    pub folder: RunFolder,
    /// What the first stage begins with.
    pub start: Option<WarmStart>,
}

/// Where a backbone comes from.
#[derive(Clone, Debug)]
pub struct BackboneSource {
    /// Its name.
    pub name: String,
    /// Its weights, and how it computes.
    pub options: LoadOptions,
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

impl Run<'_> {
    /// Extracts, trains, scores and writes the run folder.
    ///
    /// # Errors
    /// Those of extraction, [`crate::Trainer`] and the evaluation; [`Error::RunFolder`] and [`Error::Data`] when a resume would not go on
    /// with the same weights and data. The folder is as it was after any of them.
    pub fn go(&self, observer: &mut dyn RunObserver, stop: &AtomicBool) -> Result<RunOutcome> {
        let record = RunRecord::read(self.folder.path())?.filter(|_| self.folder.resumes());
        if let Some(record) = &record {
            self.expect_space(record)?;
        }
        let resumes = record.is_some();
        let Some(mut data) = self.prepare(resumes, observer, stop)? else {
            return Ok(RunOutcome::Stopped { resumable: false });
        };
        let mut from = self.start.as_ref().map(|start| start.params.clone()).unwrap_or_default();
        let (mut steps_before, mut last) = (0, None);
        for (number, stage) in self.stages.iter().enumerate() {
            let training = Training { stage, number, from: &from, steps_before, resumes };
            let trained = match self.train(&training, &data, observer, stop)? {
                StageEnd::Trained(trained) => *trained,
                StageEnd::Stopped { begun } => return Ok(RunOutcome::Stopped { resumable: begun }),
            };
            from.clone_from(&trained.params);
            steps_before += trained.steps;
            last = Some(trained);
        }
        let Some(trained) = last else {
            return Err(Error::Data("a run needs at least one stage".to_owned()));
        };
        if let Some(backbone) = &trained.backbone {
            let extractor = self.tuned(backbone);
            if !self.extract_test(&extractor, &mut data, observer, stop)? {
                return Ok(RunOutcome::Stopped { resumable: true });
            }
        }
        let scores = self.score(&trained.projection, &data.test)?;
        self.save(trained, scores.as_ref())?;
        self.record(&data, RunState::Finished).write(self.folder.path())?;
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

    /// Writes what the run begins with. Everything that can refuse has been asked.
    pub(super) fn begin(&self, data: &Data) -> Result<()> {
        self.folder.begin(&self.record(data, RunState::Running), &self.config)?;
        for (kind, i, set) in data.all() {
            set.view.write(&views::file(self.folder.path(), kind, i))?;
        }
        self.folder.write_skipped(&data.skipped())
    }

    fn record(&self, data: &Data, state: RunState) -> RunRecord {
        let of = |wanted: [&str; 2]| {
            let sets = data.all().filter(move |(kind, ..)| wanted.contains(kind));
            sets.map(|(_, _, set)| set.view.fingerprint()).collect()
        };
        RunRecord {
            format: RunRecord::FORMAT.to_owned(),
            mdfe: env!("CARGO_PKG_VERSION").to_owned(),
            state,
            experiment: self.experiment.clone(),
            space: self.extractor.space(self.extract.dtype).fingerprint(),
            train: of(["train", "valid"]),
            test: of(["query", "index"]),
            lineage: self.start.as_ref().map(|start| start.lineage.clone()),
            backbone: Some(self.extractor.id.clone()),
            preprocess: Some(self.extractor.preprocess.clone()),
        }
    }

    /// The backbone after tuning.
    fn tuned<'b>(&'b self, backbone: &'b FinishedBackbone) -> Extractor<'b> {
        Extractor { backbone: backbone.backbone.as_ref(), id: backbone.id.clone(), ..self.extractor.clone() }
    }

    /// The features of the test sets by a tuned backbone; false at a stop.
    fn extract_test(
        &self,
        extractor: &Extractor<'_>,
        data: &mut Data,
        observer: &mut dyn RunObserver,
        stop: &AtomicBool,
    ) -> Result<bool> {
        for (set, prepared) in self.test.iter().zip(&mut data.test) {
            let index = set.index.as_ref().zip(prepared.index.as_mut());
            for (dataset, prepared) in std::iter::once((&set.query, &mut prepared.query)).chain(index) {
                let Some(found) = self.extract(extractor, dataset, observer, stop)? else { return Ok(false) };
                prepared.rows = Some(found.features()?.with_view(Arc::clone(&prepared.view))?);
            }
        }
        Ok(true)
    }

    /// Each test set by itself: a class of one is no class of another.
    fn score(&self, projection: &Projection, test: &[PreparedTest]) -> Result<Option<Scores>> {
        let one = |(set, rows): (&TestSet, &PreparedTest)| -> Result<SetScores> {
            let index = rows.index.as_ref().map(|index| index.features()).transpose()?;
            let comparison = retrieval::score(projection, rows.query.features()?, index, self.k)?;
            Ok(SetScores { name: set.name.clone(), protocol: set.protocol, comparison })
        };
        let sets = self.test.iter().zip(test).map(one).collect::<Result<Vec<_>>>()?;
        Ok((!sets.is_empty()).then(|| Scores::new(sets)))
    }

    fn save(&self, trained: Trained, scores: Option<&Scores>) -> Result<()> {
        let Trained { projection, backbone, .. } = trained;
        let names = |sets: &[Dataset]| sets.iter().map(|d| d.name.clone()).collect::<Vec<_>>();
        let widths = Widths { feature_dim: projection.feature_dim(), embed_dim: projection.embed_dim() };
        let recipes: Vec<_> = self.stages.iter().map(|stage| &stage.recipe).collect();
        let id = backbone.as_ref().map_or(&self.extractor.id, |backbone| &backbone.id);
        let training = serde_json::json!({
            "data": names(&self.train),
            "recipe": recipes.first(),
            "stages": &recipes[1.min(recipes.len())..],
            "tuned_from": backbone.as_ref().map(|_| &self.extractor.id),
            "lineage": self.start.as_ref().map(|start| &start.lineage),
            "scores": scores.and_then(Scores::trained),
        });
        let meta = EmbedderMeta::new(id.clone(), self.extractor.preprocess.clone(), &projection, training);
        let file = EmbedderFile { meta, projection, standalone: None };
        match &backbone {
            None => file.save(&self.folder.embedder(), &[])?,
            Some(backbone) => file.save_tuned(&self.folder.embedder(), &backbone.weights)?,
        }
        scores.map_or(Ok(()), |scores| self.folder.write_scores(scores, &table(scores, widths, self.k)))
    }
}
