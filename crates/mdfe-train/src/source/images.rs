//! Images through a transform, anew in every epoch.

use super::{
    Facts, Pass, Samples, Sink, Source,
    joined::{Joined, Place},
};
use crate::{Error, Result};
use mdfe_data::{
    Images, Loader, LoaderOptions, LoaderPass, PreprocessRecord, TransformKind,
    identity::{Fingerprint, Fingerprinter},
    store::View,
};
use std::{path::PathBuf, sync::Arc};

/// A view with the folder that its paths are relative to.
#[derive(Clone, Debug)]
pub struct ImageSet {
    /// The images, their classes and domains.
    pub view: Arc<View>,
    /// The folder.
    pub root: PathBuf,
}

/// Images as one source, the classes of the sets side by side. Decoding runs ahead of the training on threads of its own.
///
/// What is random about an image follows from (seed, epoch, its bytes) alone.
pub struct ImageSource {
    files: Files,
    transform: TransformKind,
    record: PreprocessRecord,
    options: LoaderOptions,
}

struct Files {
    sets: Vec<ImageSet>,
    joined: Joined,
}

impl Images for Files {
    fn path(&self, sample: u32) -> PathBuf {
        let Place { part, row } = self.joined.place(sample);
        let ImageSet { view, root } = &self.sets[part];
        root.join(view.path(row).unwrap_or_default())
    }

    fn key(&self, sample: u32) -> Fingerprint {
        let Place { part, row } = self.joined.place(sample);
        self.sets[part].view.key(row)
    }
}

impl ImageSource {
    /// Images through `transform` with the size, mean and deviation of `record`.
    ///
    /// # Errors
    /// [`Error::Data`] without images.
    pub fn new(
        sets: Vec<ImageSet>,
        transform: TransformKind,
        record: PreprocessRecord,
        options: LoaderOptions,
    ) -> Result<Self> {
        let mut all = Fingerprinter::new("mdfe images");
        all.json("transform", &transform).json("record", &record);
        sets.iter().for_each(|set| {
            all.field("view", set.view.fingerprint().as_bytes());
        });
        let joined = Joined::new(sets.iter().map(|set| &*set.view), all.finish());
        if joined.facts.is_empty() {
            return Err(Error::Data(
                "there is no training data: name at least one set under [[data.train]]".into(),
            ));
        }
        Ok(Self { files: Files { sets, joined }, transform, record, options })
    }
}

impl Source for ImageSource {
    fn facts(&self) -> &Facts {
        &self.files.joined.facts
    }

    fn width(&self) -> usize {
        3 * self.record.size[0] * self.record.size[1]
    }

    fn push(&self, pass: Pass<'_>, sink: &mut Sink<'_>) -> Result<()> {
        let loader = Loader {
            images: &self.files,
            transform: self.transform,
            record: &self.record,
            options: self.options,
        };
        let wanted =
            LoaderPass { seed: pass.seed, round: pass.epoch as u64, samples: pass.order, batch: pass.batch };
        let mut outcome = Ok(true);
        loader.run(wanted, |batch| {
            for bad in &batch.unreadable {
                tracing::warn!("{}: {}; left out of this step", bad.path.display(), bad.reason);
            }
            outcome = match batch.unreadable.first().filter(|_| batch.samples.is_empty()) {
                Some(bad) => Err(Error::Data(format!(
                    "no image of a whole batch can be read ({}: {}); put the data back and go on with --resume",
                    bad.path.display(),
                    bad.reason
                ))),
                None => sink(&mut Samples { rows: batch.samples, values: batch.pixels }),
            };
            matches!(outcome, Ok(true))
        });
        outcome.map(drop)
    }
}
