//! Furniture-180 and Storefronts-146: the list of images, one class per folder.

use super::{PrepareReport, job::Job};
use crate::{
    Result, Skipped,
    lists::csv_bytes,
    readers::{FoundImages, find_images, formats},
};
use std::path::Path;

/// A class is the whole path of a folder (`Apple Store/iTunes`), in byte order, labelled from 0.
pub(super) fn prepare(job: &Job<'_>) -> Result<PrepareReport> {
    let mut skipped = Vec::new();
    let mut images: Vec<(String, String)> = Vec::new();
    let FoundImages { images: found, not_decoded, dangling, .. } = find_images(&job.source.on_disk(""))?;
    for path in found {
        let Some(text) = path.to_str() else {
            skipped.push(Skipped::at(&path, "the name is not UTF-8, which no list could hold"));
            continue;
        };
        match path.parent().and_then(Path::to_str).filter(|folder| !folder.is_empty()) {
            Some(class) => images.push((class.to_owned(), text.to_owned())),
            None => skipped.push(Skipped::new(text, "the image lies outside every class folder")),
        }
    }
    skipped.extend(not_decoded.iter().map(|(path, format)| Skipped::at(path, formats::remedy(format))));
    skipped.extend(dangling.iter().map(|path| Skipped::at(path, "the link leads nowhere")));
    images.sort_unstable();
    let mut label = 0;
    let labelled = images.iter().enumerate().map(|(i, (class, path))| {
        label += usize::from(i > 0 && images[i - 1].0 != *class);
        [path.clone(), label.to_string()]
    });
    let bytes = csv_bytes(&["img_path", "label"], labelled)?;
    let classes = if images.is_empty() { 0 } else { label + 1 };
    let mut report = PrepareReport {
        key: job.source.info.key,
        classes,
        images: images.len(),
        skipped,
        ..PrepareReport::default()
    };
    let list = job.source.info.tree.first().and_then(|e| e.paths.first()).copied().unwrap_or_default();
    report.write_list(job, list, &bytes)?;
    Ok(report)
}
