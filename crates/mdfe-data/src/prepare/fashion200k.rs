//! Fashion200k: the list of training images from the set's own detection lists.

use super::{PrepareReport, job::Job};
use crate::{Error, Result, lists::csv_bytes, readers::sets::fashion200k::LIST};
use std::path::{Path, PathBuf};

const HEADER: [&str; 2] = ["img_path", "img_id"];

/// Takes every row of `labels/*_train_detect_all.txt`; the product id is the image's folder.
pub(super) fn prepare(job: &Job<'_>) -> Result<PrepareReport> {
    let target = job.source.on_disk(LIST);
    let files = detection_lists(job)?;
    if files.is_empty() {
        let lists = [target, job.source.on_disk("train.csv")];
        return match lists.into_iter().find(|list| list.is_file()) {
            Some(list) => PrepareReport::of_kept(job.source.info.key, list),
            None => Err(job.source.missing("labels/")),
        };
    }
    let mut rows: Vec<[String; 2]> = Vec::new();
    for path in files {
        let text = std::fs::read_to_string(&path).map_err(Error::io("read", &path))?;
        for (i, line) in
            text.trim_start_matches('\u{feff}').lines().enumerate().filter(|(_, l)| !l.is_empty())
        {
            rows.push(row(line).map_err(|reason| Error::Malformed {
                path: path.clone(),
                line: Some(i as u64 + 1),
                reason,
            })?);
        }
    }
    let products: std::collections::HashSet<&String> = rows.iter().map(|[_, id]| id).collect();
    let mut report = PrepareReport {
        key: job.source.info.key,
        classes: products.len(),
        images: rows.len(),
        ..PrepareReport::default()
    };
    report.write_list(job, LIST, &csv_bytes(&HEADER, &rows)?)?;
    Ok(report)
}

/// The lists in byte order of their names; none where there is no folder.
fn detection_lists(job: &Job<'_>) -> Result<Vec<PathBuf>> {
    let folder = job.source.on_disk("labels");
    let mut files = Vec::new();
    match std::fs::read_dir(&folder) {
        Ok(entries) => {
            for entry in entries {
                let path = entry.map_err(Error::io("read", &folder))?.path();
                let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
                if name.ends_with("_train_detect_all.txt") && !name.starts_with('.') {
                    files.push(path);
                }
            }
        }
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
        Err(e) => return Err(Error::io("read", &folder)(e)),
    }
    files.sort_unstable();
    Ok(files)
}

/// Path, detection score and caption, separated by tabs; the caption may hold anything.
fn row(line: &str) -> std::result::Result<[String; 2], String> {
    let mut fields = line.split('\t');
    let (Some(path), Some(_), Some(_)) = (fields.next(), fields.next(), fields.next()) else {
        return Err("a row is a path, a score and a caption, separated by tabs".to_owned());
    };
    let product = Path::new(path).parent().and_then(Path::file_name).and_then(|n| n.to_str());
    match product.and_then(|p| p.parse::<i64>().ok()) {
        Some(id) => Ok([path.to_owned(), id.to_string()]),
        None => Err(format!("the folder of `{path}` is no product id")),
    }
}
