//! Food Recognition 2022: one crop per annotated box.

use super::{
    Job, PrepareReport, SkippedItem,
    coco::{self, AnnotatedImage},
    cutting::{Cut, Wanted, cut, finish, only_prepared},
    output::stays_inside,
};
use crate::{Error, Result};
use rayon::prelude::*;

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
    job.progress.begin("food_rec22: images", images.len() as u64);
    let cuts: Result<Vec<Cut>> = images
        .into_par_iter()
        .map(|image| {
            let cut = cut_image(job, image);
            job.progress.advance();
            cut
        })
        .collect();
    finish(job, skipped, cuts?)
}

fn cut_image(job: &Job<'_>, image: AnnotatedImage) -> Result<Cut> {
    let AnnotatedImage { id, file_name, boxes } = image;
    if boxes.is_empty() {
        return Ok(Cut::default());
    }
    if !stays_inside(&file_name) {
        return Ok(Cut::skipped(vec![SkippedItem::new(
            &file_name,
            "`file_name` leads out of the folder `images`",
        )]));
    }
    let wanted = boxes.into_iter().enumerate().map(|(number, annotated)| Wanted {
        target: format!("preprocessed_imgs/{}/{id}_{number}.jpg", annotated.category),
        class: annotated.category.to_string(),
        corners: Some(annotated.corners),
    });
    cut(job, &format!("images/{file_name}"), wanted.collect())
}
