//! GLDv2: the list of 10,000 classes that M4D-35k uses, drawn where the published one is not there.

use super::{PrepareReport, job::Job};
use crate::{
    Dataset, Result, Selection,
    lists::csv_bytes,
    readers::sets::gldv2::{self, LIST},
};

/// Classes that are drawn.
const CLASSES: usize = 10_000;
/// Classes with fewer images are left out.
const MIN_IMAGES: usize = 3;
/// Images of a class that are drawn at most.
const MAX_IMAGES: usize = 10;

/// Writes `gldv2_train_cls10000.csv` unless it is there or is to be overwritten; rows are in the order of `train.csv`.
pub(super) fn prepare(job: &Job<'_>) -> Result<PrepareReport> {
    let source = &job.source;
    let target = source.on_disk(LIST);
    if target.is_file() && !job.overwrite {
        let mut report = PrepareReport::of_kept(source.info.key, target)?;
        let (list, _) =
            gldv2::read(source, &source.load(&[LIST])?)?.into_dataset("gldv2", &source.options.root);
        (report.classes, report.images) = (list.num_classes(), list.samples.len());
        return Ok(report);
    }
    let (all, _) =
        gldv2::read(source, &source.load(&["train.csv"])?)?.into_dataset("gldv2", &source.options.root);
    let eligible = all.class_counts().iter().filter(|n| **n >= MIN_IMAGES as u64).count();
    let mut notes =
        vec![format!("drawn with seed {}; put the published list in its place to use that", job.seed)];
    if eligible < CLASSES {
        notes.push(format!(
            "only {eligible} classes have {MIN_IMAGES} images; the list of the paper has {CLASSES}"
        ));
    }
    let selection = Selection {
        min_samples: MIN_IMAGES,
        max_samples: Some(MAX_IMAGES),
        num_classes: Some(CLASSES.min(eligible)).filter(|n| *n > 0),
        seed: job.seed,
    };
    let (drawn, _) = selection.apply(all)?;
    let mut report = PrepareReport {
        key: source.info.key,
        classes: drawn.num_classes(),
        images: drawn.samples.len(),
        notes,
        ..PrepareReport::default()
    };
    report.write_list(job, LIST, &csv_bytes(&["id", "landmark_id"], rows(&drawn))?)?;
    Ok(report)
}

/// The id of an image is its file's name without `.jpg`.
fn rows(drawn: &Dataset) -> impl Iterator<Item = [String; 2]> + '_ {
    drawn.samples.iter().map(|sample| {
        let id = sample.path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        [id, drawn.class_names[sample.class as usize].clone()]
    })
}
