//! The data of a run by content: views, and features where they are extracted.

use super::{
    Run, RunObserver, Stage,
    run_folder::SkippedOf,
    views::{self, Present},
};
use crate::{Error, Result};
use mdfe_data::{
    Dataset, Skipped,
    store::{FeatureView, View},
};
use mdfe_model::extract::{Extractor, extract, identify};
use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

/// A data set by content.
pub(super) struct Prepared {
    pub(super) dataset: String,
    /// What its paths are relative to.
    pub(super) root: PathBuf,
    pub(super) view: Arc<View>,
    /// Its features, where they have been extracted.
    pub(super) rows: Option<FeatureView>,
    pub(super) skipped: Vec<Skipped>,
}

impl Prepared {
    /// The features.
    ///
    /// # Errors
    /// [`Error::Data`] where they have not been extracted.
    pub(super) fn features(&self) -> Result<&FeatureView> {
        self.rows.as_ref().ok_or_else(|| Error::Data(format!("the features of {} are missing", self.dataset)))
    }
}

/// Where the view of a set lies in the run folder.
#[derive(Clone, Copy)]
struct Place {
    kind: &'static str,
    /// Its number among that kind.
    number: usize,
}

/// A test set by content.
pub(super) struct PreparedTest {
    pub(super) query: Prepared,
    pub(super) index: Option<Prepared>,
}

/// All data of a run by content.
pub(super) struct Data {
    pub(super) train: Vec<Prepared>,
    pub(super) valid: Vec<Prepared>,
    pub(super) test: Vec<PreparedTest>,
}

impl Data {
    /// Every set with the kind of its file and its number among that kind.
    pub(super) fn all(&self) -> impl Iterator<Item = (&'static str, usize, &Prepared)> {
        let numbered = |kind| move |(i, set)| (kind, i, set);
        let index = self.test.iter().filter_map(|set| set.index.as_ref());
        self.train
            .iter()
            .enumerate()
            .map(numbered("train"))
            .chain(self.valid.iter().enumerate().map(numbered("valid")))
            .chain(self.test.iter().map(|set| &set.query).enumerate().map(numbered("query")))
            .chain(index.enumerate().map(numbered("index")))
    }

    /// What the run folder lists as unreadable.
    pub(super) fn skipped(&self) -> Vec<SkippedOf> {
        let of = |set: &Prepared| {
            let dataset = set.dataset.clone();
            set.skipped
                .iter()
                .map(move |skipped| SkippedOf { dataset: dataset.clone(), skipped: skipped.clone() })
                .collect::<Vec<_>>()
        };
        self.all().flat_map(|(_, _, set)| of(set)).collect()
    }
}

impl Run<'_> {
    /// Finds every image of the run, and extracts features where a stage trains on them or the scores need them; `None` at a stop. A run that
    /// goes on has the images that it began with.
    pub(super) fn prepare(
        &self,
        resumes: bool,
        observer: &mut dyn RunObserver,
        stop: &AtomicBool,
    ) -> Result<Option<Data>> {
        let trains = self.stages.iter().any(Stage::trains_on_features);
        let validates = self.stages.iter().any(Stage::validates_on_features);
        let scores = self.stages.iter().all(|stage| stage.tuned.is_none());
        let mut one = |dataset: &Dataset, place: Place, extracted: bool| -> Result<Option<Prepared>> {
            let prepared = match extracted {
                true => self.extract(&self.extractor, dataset, observer, stop)?,
                false => self.find(dataset, observer, stop)?,
            };
            match prepared {
                Some(prepared) if resumes => self.reconcile(prepared, place).map(Some),
                prepared => Ok(prepared),
            }
        };
        let mut data = Data { train: Vec::new(), valid: Vec::new(), test: Vec::new() };
        for (number, dataset) in self.train.iter().enumerate() {
            let place = Place { kind: "train", number };
            let Some(prepared) = one(dataset, place, trains)? else { return Ok(None) };
            data.train.push(prepared);
        }
        for (number, dataset) in self.valid.iter().enumerate() {
            let place = Place { kind: "valid", number };
            let Some(prepared) = one(dataset, place, validates)? else { return Ok(None) };
            data.valid.push(prepared);
        }
        // Indexes are numbered among themselves.
        let mut indexes = 0;
        for (number, set) in self.test.iter().enumerate() {
            let Some(query) = one(&set.query, Place { kind: "query", number }, scores)? else {
                return Ok(None);
            };
            let index = match &set.index {
                None => None,
                Some(index) => {
                    let place = Place { kind: "index", number: indexes };
                    indexes += 1;
                    let Some(prepared) = one(index, place, scores)? else { return Ok(None) };
                    Some(prepared)
                }
            };
            data.test.push(PreparedTest { query, index });
        }
        Ok(Some(data))
    }

    /// The features of one data set by a backbone; `None` at a stop.
    pub(super) fn extract(
        &self,
        extractor: &Extractor<'_>,
        dataset: &Dataset,
        observer: &mut dyn RunObserver,
        stop: &AtomicBool,
    ) -> Result<Option<Prepared>> {
        let extraction = extract(extractor, dataset, &self.extract, |progress| {
            observer.extracting(&dataset.name, progress);
            !stop.load(Ordering::SeqCst)
        })?;
        observer.extracted(&dataset.name, &extraction);
        let Some(rows) = extraction.rows else { return Ok(None) };
        if rows.is_empty() {
            let (name, dir) = (&dataset.name, extraction.dir.display());
            return Err(Error::Data(format!("no image of {name} could be read; see {dir}")));
        }
        Ok(Some(Prepared {
            dataset: dataset.name.clone(),
            root: dataset.root.clone(),
            view: rows.shared_view(),
            rows: Some(rows),
            skipped: extraction.skipped,
        }))
    }

    /// The images of one data set, without their features; `None` at a stop.
    fn find(
        &self,
        dataset: &Dataset,
        observer: &mut dyn RunObserver,
        stop: &AtomicBool,
    ) -> Result<Option<Prepared>> {
        let found = identify(dataset, &self.extract, |progress| {
            observer.extracting(&dataset.name, progress);
            !stop.load(Ordering::SeqCst)
        })?;
        let Some(found) = found else { return Ok(None) };
        if found.view.is_empty() {
            let (name, root) = (&dataset.name, dataset.root.display());
            return Err(Error::Data(format!("no image of {name} under {root} could be read")));
        }
        Ok(Some(Prepared {
            dataset: dataset.name.clone(),
            root: dataset.root.clone(),
            view: Arc::new(found.view),
            rows: None,
            skipped: found.skipped,
        }))
    }

    /// The images that the run began with, if the data is still the same.
    fn reconcile(&self, mut set: Prepared, place: Place) -> Result<Prepared> {
        let stored = View::open(&views::file(self.folder.path(), place.kind, place.number))?;
        let was_skipped = self.folder.was_skipped(&set.dataset)?;
        let present = Present { view: &set.view, skipped: &set.skipped };
        set.view = Arc::new(views::reconcile(stored, present, &was_skipped)?);
        if let Some(rows) = &mut set.rows {
            *rows = rows.with_view(Arc::clone(&set.view))?;
        }
        Ok(set)
    }
}
