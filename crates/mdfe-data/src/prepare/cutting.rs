//! Cutting the samples of one image out of it, and making the list of all of them.

use super::{PrepareReport, crop::padded_crop, job::Job, jpeg::write_crop, output::write_list};
use crate::{
    Result, Skipped,
    files::{self, WriteOptions},
    lists::csv_bytes,
    opened::{Opened, open},
};
use rayon::prelude::*;
use std::{collections::HashSet, path::Path};

/// A sample that is to be cut out of an image.
pub(super) struct Wanted {
    /// Its file, relative to the data set's folder.
    pub(super) target: String,
    /// Its class in the list.
    pub(super) class: String,
    /// Corners of its box; `None` for the whole image.
    pub(super) corners: Option<[f64; 4]>,
}

/// What became of the samples of one image.
#[derive(Default)]
pub(super) struct Cut {
    rows: Vec<[String; 2]>,
    skipped: Vec<Skipped>,
    made: usize,
    kept: usize,
}

impl Cut {
    /// Nothing but skipped items.
    pub(super) fn skipped(skipped: Vec<Skipped>) -> Self {
        Self { skipped, ..Self::default() }
    }

    /// The same with `skipped` before what was skipped already.
    pub(super) fn with_skipped(mut self, skipped: Vec<Skipped>) -> Self {
        self.skipped.splice(0..0, skipped);
        self
    }
}

/// Cuts the samples of every image with `cut`, on all cores, and tells how far it is. Results are in the order of the images.
pub(super) fn cut_all<T: Send>(
    job: &Job<'_>,
    images: Vec<T>,
    cut: impl Fn(T) -> Result<Cut> + Sync,
) -> Result<Vec<Cut>> {
    job.progress.begin(&format!("{}: images", job.source.info.key), images.len() as u64);
    let one = |image| {
        let done = cut(image);
        job.progress.advance();
        done
    };
    images.into_par_iter().map(one).collect()
}

/// Cuts `wanted` out of the image at `path` (relative to the data set's folder). The image is opened only if a
/// target is not there yet.
pub(super) fn cut(job: &Job<'_>, path: &Path, wanted: Vec<Wanted>) -> Result<Cut> {
    let mut done = Cut::default();
    let there =
        |w: &Wanted| job.source.on_disk(&w.target).metadata().is_ok_and(|m| m.is_file() && m.len() > 0);
    if wanted.iter().all(there) {
        done.kept = wanted.len();
        done.rows = wanted.into_iter().map(|w| [w.target, w.class]).collect();
        return Ok(done);
    }
    let Opened { pixels, bytes } = match open(&job.source.on_disk(path)) {
        Ok(opened) => opened,
        Err(reason) => {
            // Targets of an earlier run stay samples: they were cut when the image was still there.
            let (kept, lost): (Vec<_>, Vec<_>) = wanted.into_iter().partition(there);
            done.kept = kept.len();
            done.rows = kept.into_iter().map(|w| [w.target, w.class]).collect();
            done.skipped =
                lost.iter().map(|w| Skipped::at(path, format!("{reason} (class {})", w.class))).collect();
            return Ok(done);
        }
    };
    for sample in wanted {
        let target = job.source.on_disk(&sample.target);
        match sample.corners {
            _ if there(&sample) => done.kept += 1,
            None => {
                files::write(&target, &WriteOptions::RESTARTABLE, &bytes)?;
                done.made += 1;
            }
            Some(corners) => {
                match padded_crop(corners, [pixels.height(), pixels.width()].map(|n| n as usize)) {
                    Some(part) => {
                        write_crop(&pixels, part, &target)?;
                        done.made += 1;
                    }
                    None => {
                        let (width, height) = pixels.dimensions();
                        let reason = format!(
                            "the box {corners:?} of class {} is empty or outside the image of {width} x {height}",
                            sample.class
                        );
                        done.skipped.push(Skipped::at(path, reason));
                        continue;
                    }
                }
            }
        }
        done.rows.push([sample.target, sample.class]);
    }
    Ok(done)
}

/// The report of a set that was prepared elsewhere: its list is there, the annotations are not.
pub(super) fn only_prepared(job: &Job<'_>, annotations: &Path) -> Result<Option<PrepareReport>> {
    let list = job.source.on_disk("train.csv");
    let only = !annotations.exists() && list.is_file();
    only.then(|| PrepareReport::of_kept(job.source.info.key, list)).transpose()
}

/// Writes `train.csv` with the samples of all images and reports on them.
pub(super) fn finish(job: &Job<'_>, skipped: Vec<Skipped>, cuts: Vec<Cut>) -> Result<PrepareReport> {
    let list = job.source.on_disk("train.csv");
    let rows = || cuts.iter().flat_map(|c| &c.rows);
    write_list(&list, &csv_bytes(&["img_path", "label"], rows())?)?;
    let classes: HashSet<&String> = rows().map(|[_, class]| class).collect();
    let (classes, images) = (classes.len(), rows().count());
    let (made, kept) = cuts.iter().fold((0, 0), |(made, kept), c| (made + c.made, kept + c.kept));
    let mut report = PrepareReport {
        key: job.source.info.key,
        written: vec![list],
        crops_made: made,
        crops_kept: kept,
        classes,
        images,
        skipped,
        ..PrepareReport::default()
    };
    report.skipped.extend(cuts.into_iter().flat_map(|c| c.skipped));
    Ok(report)
}
