//! Cutting samples out of images, and making the list of all of them.
//!
//! A crop is kept where its record says that it was cut from this image with this box. Images are known by their content; that
//! of one that has not changed since the last run is remembered, so a second run opens no image.

use super::{
    PrepareReport,
    crop::padded_crop,
    crops::{CropRecord, Origin},
    job::Job,
    jpeg::write_crop,
    output::refuse_edited,
};
use crate::{
    ImageReader, Result, Skipped,
    files::{self, WriteOptions},
    identity::{Fingerprint, KeyCache},
    lists::csv_bytes,
    opened::{Opened, open},
};
use rayon::prelude::*;
use std::{
    collections::HashSet,
    path::{Path, PathBuf},
};

/// The list of samples.
const LIST: &str = "train.csv";
/// Images that are looked at before they are cut: few enough for their files to be still in memory then.
const CHUNK: usize = 1024;

/// A sample that is to be cut out of an image.
pub(super) struct Wanted {
    /// Its file, relative to the data set's folder.
    pub(super) target: String,
    /// Its class in the list.
    pub(super) class: String,
    /// Corners of its box; `None` for the whole image.
    pub(super) corners: Option<[f64; 4]>,
}

/// What is to be done with one image.
#[derive(Default)]
pub(super) struct Plan {
    /// The image, relative to the data set's folder.
    pub(super) image: PathBuf,
    /// The samples to cut out of it; without any it is not looked at.
    pub(super) wanted: Vec<Wanted>,
    /// What of its annotations cannot be used.
    pub(super) skipped: Vec<Skipped>,
}

/// What became of the samples of one image.
#[derive(Default)]
struct Cut {
    rows: Vec<Row>,
    skipped: Vec<Skipped>,
    made: usize,
    /// Crops of an image that cannot be read, which no record knows.
    unknown: usize,
}

/// A sample of the list.
struct Row {
    target: String,
    class: String,
    origin: Option<Origin>,
}

/// What lies where a crop belongs.
enum There {
    /// No file, or one that is not this crop.
    Nothing,
    /// A file that no record knows.
    Unknown,
    /// A crop with this box.
    Crop(Origin),
}

/// Before the work: `train.csv` must not be one that somebody edited. Where a set was prepared elsewhere, so that its list is there and
/// the annotations are not, the report is all there is to do.
pub(super) fn begin(job: &Job<'_>, annotations: &Path) -> Result<Option<PrepareReport>> {
    let list = job.source.on_disk(LIST);
    if !annotations.exists() && list.is_file() {
        return PrepareReport::of_kept(job.source.info.key, list).map(Some);
    }
    refuse_edited(job, LIST).map(|()| None)
}

/// Cuts what `plan` makes of each image, on all cores, tells how far it is, and writes `train.csv` with the samples in the order
/// of the images. `skipped` is what cannot be used before that.
pub(super) fn cut_all<T: Send>(
    job: &Job<'_>,
    images: Vec<T>,
    skipped: Vec<Skipped>,
    plan: impl Fn(T) -> Result<Plan> + Sync,
) -> Result<PrepareReport> {
    let record = CropRecord::open(job.source.on_disk(CropRecord::FILE))?;
    let keys = KeyCache::in_folder(&job.source.on_disk(""));
    job.progress.begin(&format!("{}: images", job.source.info.key), images.len() as u64);
    let mut cuts = Vec::with_capacity(images.len());
    let mut images = images.into_iter();
    loop {
        let chunk: Vec<T> = images.by_ref().take(CHUNK).collect();
        if chunk.is_empty() {
            return finish(job, record, skipped, cuts);
        }
        let plans: Vec<Plan> = chunk.into_par_iter().map(&plan).collect::<Result<_>>()?;
        let used = plans.iter().filter(|plan| !plan.wanted.is_empty());
        let paths: Vec<PathBuf> = used.map(|plan| job.source.on_disk(&plan.image)).collect();
        let mut found = keys.fingerprints(&paths, false, |_| true).into_iter();
        let mut key = |plan: &Plan| if plan.wanted.is_empty() { None } else { found.next()??.ok() };
        let keyed: Vec<(Option<Fingerprint>, Plan)> =
            plans.into_iter().map(|plan| (key(&plan), plan)).collect();
        let one = |(key, plan)| {
            let done = cut(job, &record, plan, key);
            job.progress.advance();
            done
        };
        cuts.extend(keyed.into_par_iter().map(one).collect::<Result<Vec<Cut>>>()?);
    }
}

/// Carries out a plan. The image, whose file has the fingerprint `key` if it can be read, is opened only if a crop of it is
/// not there yet.
fn cut(job: &Job<'_>, record: &CropRecord, plan: Plan, key: Option<Fingerprint>) -> Result<Cut> {
    let Plan { image, wanted, skipped } = plan;
    let mut done = Cut { skipped, ..Cut::default() };
    let looked: Vec<(There, Wanted)> = wanted.into_iter().map(|w| (look(job, record, &w), w)).collect();
    let is_from = |there: &There, key| matches!(there, There::Crop(origin) if Some(origin.source) == key);
    if looked.iter().all(|(there, _)| is_from(there, key)) {
        looked.into_iter().for_each(|(there, sample)| done.keep(there, sample));
        return Ok(done);
    }
    let Opened { pixels, bytes } = match open(&ImageReader::default(), &job.source.on_disk(&image)) {
        Ok(opened) => opened,
        Err(reason) => {
            // Crops of an earlier run stay samples: they were cut when the image was still there.
            for (there, sample) in looked {
                match there {
                    There::Nothing => {
                        let reason = format!("{reason} (class {})", sample.class);
                        done.skipped.push(Skipped::at(&image, reason));
                    }
                    _ => done.keep(there, sample),
                }
            }
            return Ok(done);
        }
    };
    let source = Fingerprint::of(&bytes);
    let stale = looked.iter().filter(|(there, _)| !is_from(there, Some(source)));
    record.forget(stale.map(|(_, sample)| sample.target.as_str()))?;
    let mut made = Vec::new();
    for (there, sample) in looked {
        if is_from(&there, Some(source)) {
            done.keep(there, sample);
            continue;
        }
        let target = job.source.on_disk(&sample.target);
        let size = [pixels.height(), pixels.width()].map(|n| n as usize);
        let written = match sample.corners.map(|corners| padded_crop(corners, size)) {
            None => {
                files::write(&target, &WriteOptions::RESTARTABLE, &bytes)?;
                bytes.len()
            }
            Some(Some(part)) => write_crop(&pixels, part, &target)?,
            Some(None) => {
                let [height, width] = size;
                let corners = sample.corners.unwrap_or_default();
                let reason = format!(
                    "the box {corners:?} of class {} is empty or outside the image of {width} x {height}",
                    sample.class
                );
                done.skipped.push(Skipped::at(&image, reason));
                continue;
            }
        };
        let origin = Origin { bytes: written as u64, source, corners: sample.corners };
        made.push((sample.target.clone(), origin));
        done.rows.push(Row { target: sample.target, class: sample.class, origin: Some(origin) });
        done.made += 1;
    }
    record.note(made.iter().map(|(crop, origin)| (crop.as_str(), *origin)))?;
    Ok(done)
}

/// What lies where the sample belongs.
fn look(job: &Job<'_>, record: &CropRecord, sample: &Wanted) -> There {
    let size = job.source.on_disk(&sample.target).metadata().ok().filter(|m| m.is_file()).map(|m| m.len());
    match (size, record.get(&sample.target)) {
        (None | Some(0), _) => There::Nothing,
        (Some(_), None) => There::Unknown,
        (Some(size), Some(origin)) if origin.bytes == size && origin.corners == sample.corners => {
            There::Crop(*origin)
        }
        _ => There::Nothing,
    }
}

impl Cut {
    /// Takes a sample whose crop is there.
    fn keep(&mut self, there: There, sample: Wanted) {
        let origin = if let There::Crop(origin) = there { Some(origin) } else { None };
        self.unknown += usize::from(origin.is_none());
        self.rows.push(Row { target: sample.target, class: sample.class, origin });
    }
}

/// Writes the record of crops and `train.csv` with the samples of all images, and reports on them.
fn finish(job: &Job<'_>, record: CropRecord, skipped: Vec<Skipped>, cuts: Vec<Cut>) -> Result<PrepareReport> {
    let rows = || cuts.iter().flat_map(|cut| &cut.rows);
    record.finish(rows().filter_map(|row| Some((row.target.as_str(), row.origin?))))?;
    let (made, unknown) = cuts.iter().fold((0, 0), |(made, n), cut| (made + cut.made, n + cut.unknown));
    let classes: HashSet<&String> = rows().map(|row| &row.class).collect();
    let images = rows().count();
    let mut report = PrepareReport {
        key: job.source.info.key,
        crops_made: made,
        crops_kept: images - made,
        classes: classes.len(),
        images,
        skipped,
        ..PrepareReport::default()
    };
    let list = csv_bytes(&["img_path", "label"], rows().map(|row| [&row.target, &row.class]))?;
    report.write_list(job, LIST, &list)?;
    if unknown > 0 {
        report.notes.push(format!(
            "{unknown} crops are used as they are: their images cannot be read, and what they were cut from is not recorded"
        ));
    }
    report.skipped.extend(cuts.into_iter().flat_map(|cut| cut.skipped));
    Ok(report)
}
