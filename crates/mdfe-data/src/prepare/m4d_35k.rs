//! M4D-35k: the combined list of its four parts.

use super::{PrepareReport, gldv2 as landmark_list, job::Job, output};
use crate::{
    Dataset, ReadOptions, Result,
    lists::csv_bytes,
    readers::{
        self, Source,
        sets::{gldv2, m4d_35k::LIST},
    },
};

/// Writes `m4d-35k_train.csv` unless it is there or is to be overwritten. Parts follow each other in the order of the paper; labels are dense.
pub(super) fn prepare(job: &Job<'_>) -> Result<PrepareReport> {
    let options = job.source.options;
    let target = job.source.on_disk(LIST);
    if target.is_file() && !job.overwrite {
        let mut report = PrepareReport::of_kept(job.source.info.key, target)?;
        let list = readers::read("m4d_35k", options)?.dataset;
        (report.classes, report.images) = (list.num_classes(), list.samples.len());
        return Ok(report);
    }
    job.progress.begin("m4d_35k: parts", 4);
    let mut notes = Vec::new();
    let mut parts = Vec::new();
    for part in [products, landmarks, fashion, cars] {
        let part: Dataset = part(job, options)?;
        let (classes, images) = (part.num_classes(), part.samples.len());
        notes.push(format!("{}: {classes} classes, {images} images", part.name));
        parts.push(part);
        job.progress.advance();
    }
    let all = Dataset::concat(parts);
    let rows = all.samples.iter().map(|s| [s.path.to_string_lossy().into_owned(), s.class.to_string()]);
    let mut report = PrepareReport {
        key: job.source.info.key,
        classes: all.num_classes(),
        images: all.samples.len(),
        notes,
        ..PrepareReport::default()
    };
    report.write_list(job, LIST, &csv_bytes(&["img_path", "label"], rows)?)?;
    Ok(report)
}

fn products(_: &Job<'_>, options: &ReadOptions) -> Result<Dataset> {
    Ok(readers::read("products_10k", options)?.dataset)
}

/// The published list as it is, or the drawn one, which is kept also where the joined list is overwritten.
fn landmarks(job: &Job<'_>, options: &ReadOptions) -> Result<Dataset> {
    let source = Source::new(&gldv2::SET.info, options);
    let job = Job { source, overwrite: false, ..*job };
    if !job.source.on_disk("").is_dir() {
        return Err(job.source.absent());
    }
    let _lock = output::lock(&job)?;
    landmark_list::prepare(&job)?;
    let list = gldv2::read(&job.source, &job.source.load(&[gldv2::LIST])?)?;
    Ok(list.into_dataset("gldv2", &options.root).0)
}

fn fashion(_: &Job<'_>, options: &ReadOptions) -> Result<Dataset> {
    Ok(readers::read("deep_fashion", options)?.dataset)
}

fn cars(_: &Job<'_>, options: &ReadOptions) -> Result<Dataset> {
    let options = ReadOptions { refined: true, ..options.clone() };
    Ok(readers::read("stanford_cars", &options)?.dataset)
}
