//! Food Recognition 2022: one crop per annotated box.

use super::{
    PrepareReport,
    coco::{self, AnnotatedImage},
    cutting::{Cut, Wanted, cut, cut_all, finish, only_prepared},
    job::Job,
};
use crate::{Error, Result, Skipped, files::inside};
use std::path::Path;

/// Crops go to `preprocessed_imgs/{category}/{image id}_{number of the box in its image}.jpg`.
pub(super) fn prepare(job: &Job<'_>) -> Result<PrepareReport> {
    let path = job.source.on_disk("annotations.json");
    if let Some(report) = only_prepared(job, &path)? {
        return Ok(report);
    }
    let file = std::fs::File::open(&path).map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => job.source.missing("annotations.json"),
        _ => Error::io("read", &path)(e),
    })?;
    let (images, skipped) = coco::read(&path, file)?;
    finish(job, skipped, cut_all(job, images, |image| cut_image(job, image))?)
}

fn cut_image(job: &Job<'_>, image: AnnotatedImage) -> Result<Cut> {
    let AnnotatedImage { id, file_name, boxes } = image;
    if boxes.is_empty() {
        return Ok(Cut::default());
    }
    let Some(path) = inside(Path::new(&file_name)) else {
        let reason = "`file_name` leads out of the folder `images`";
        return Ok(Cut::skipped(vec![Skipped::new(file_name, reason)]));
    };
    let wanted = boxes.into_iter().enumerate().map(|(number, annotated)| Wanted {
        target: format!("preprocessed_imgs/{}/{id}_{number}.jpg", annotated.category),
        class: annotated.category.to_string(),
        corners: Some(annotated.corners),
    });
    cut(job, &Path::new("images").join(path), wanted.collect())
}
