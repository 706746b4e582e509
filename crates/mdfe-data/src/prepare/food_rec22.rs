//! Food Recognition 2022: one crop per annotated box.

use super::{
    PrepareReport,
    coco::{self, AnnotatedImage},
    cutting::{Plan, Wanted, begin, cut_all},
    job::Job,
};
use crate::{Error, Result, Skipped, files::inside};
use std::path::Path;

/// Crops go to `preprocessed_imgs/{category}/{image id}_{number of the box in its image}.jpg`.
pub(super) fn prepare(job: &Job<'_>) -> Result<PrepareReport> {
    let path = job.source.on_disk("annotations.json");
    if let Some(report) = begin(job, &path)? {
        return Ok(report);
    }
    let file = std::fs::File::open(&path).map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => job.source.missing("annotations.json"),
        _ => Error::io("read", &path)(e),
    })?;
    let (images, skipped) = coco::read(&path, file)?;
    cut_all(job, images, skipped, |image| Ok(plan(image)))
}

fn plan(image: AnnotatedImage) -> Plan {
    let AnnotatedImage { id, file_name, boxes } = image;
    if boxes.is_empty() {
        return Plan::default();
    }
    let Some(path) = inside(Path::new(&file_name)) else {
        let reason = "`file_name` leads out of the folder `images`";
        return Plan { skipped: vec![Skipped::new(file_name, reason)], ..Plan::default() };
    };
    let wanted = boxes.into_iter().enumerate().map(|(number, annotated)| Wanted {
        target: format!("preprocessed_imgs/{}/{id}_{number}.jpg", annotated.category),
        class: annotated.category.to_string(),
        corners: Some(annotated.corners),
    });
    Plan { image: Path::new("images").join(path), wanted: wanted.collect(), skipped: Vec::new() }
}
