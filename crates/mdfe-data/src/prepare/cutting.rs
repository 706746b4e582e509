//! Cutting the samples of one image out of it, and making the list of all of them.

use super::{
    Job, PrepareReport, SkippedItem,
    crop::padded_crop,
    image,
    output::{csv_bytes, write_whole},
};
use crate::{Result, decode_bytes};
use std::path::Path;

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
    skipped: Vec<SkippedItem>,
    made: usize,
    kept: usize,
}

impl Cut {
    /// Nothing but skipped items.
    pub(super) fn skipped(skipped: Vec<SkippedItem>) -> Self {
        Self { skipped, ..Self::default() }
    }

    /// The same with `skipped` before what was skipped already.
    pub(super) fn with_skipped(mut self, skipped: Vec<SkippedItem>) -> Self {
        self.skipped.splice(0..0, skipped);
        self
    }
}

/// Cuts `wanted` out of the image at `path` (relative to the data set's folder). The image is opened only if a
/// target is not there yet.
pub(super) fn cut(job: &Job<'_>, path: &str, wanted: Vec<Wanted>) -> Result<Cut> {
    let mut done = Cut::default();
    let there =
        |w: &Wanted| job.source.on_disk(&w.target).metadata().is_ok_and(|m| m.is_file() && m.len() > 0);
    if wanted.iter().all(there) {
        done.kept = wanted.len();
        done.rows = wanted.into_iter().map(|w| [w.target, w.class]).collect();
        return Ok(done);
    }
    let on_disk = job.source.on_disk(path);
    let opened = image::read_file(&on_disk)
        .and_then(|bytes| decode_bytes(&on_disk, &bytes).map(|p| (p, bytes)).map_err(image::reason));
    let (pixels, bytes) = match opened {
        Ok(opened) => opened,
        Err(reason) => {
            // Targets of an earlier run stay samples: they were cut when the image was still there.
            let (kept, lost): (Vec<_>, Vec<_>) = wanted.into_iter().partition(there);
            done.kept = kept.len();
            done.rows = kept.into_iter().map(|w| [w.target, w.class]).collect();
            done.skipped = lost
                .iter()
                .map(|w| SkippedItem::new(path, format!("{reason} (class {})", w.class)))
                .collect();
            return Ok(done);
        }
    };
    for sample in wanted {
        let target = job.source.on_disk(&sample.target);
        match sample.corners {
            _ if there(&sample) => done.kept += 1,
            None => {
                write_whole(&target, &bytes)?;
                done.made += 1;
            }
            Some(corners) => match padded_crop(corners, pixels.dimensions()) {
                Some(part) => {
                    image::write_crop(&pixels, part, &target)?;
                    done.made += 1;
                }
                None => {
                    let (width, height) = pixels.dimensions();
                    let reason = format!(
                        "the box {corners:?} of class {} is empty or outside the image of {width} x {height}",
                        sample.class
                    );
                    done.skipped.push(SkippedItem::new(path, reason));
                    continue;
                }
            },
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
pub(super) fn finish(job: &Job<'_>, skipped: Vec<SkippedItem>, cuts: Vec<Cut>) -> Result<PrepareReport> {
    let list = job.source.on_disk("train.csv");
    let rows = || cuts.iter().flat_map(|c| &c.rows);
    write_whole(&list, &csv_bytes(&["img_path", "label"], rows())?)?;
    let classes: std::collections::HashSet<&String> = rows().map(|[_, class]| class).collect();
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
