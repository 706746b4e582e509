//! Lists of images that are left out, as `mdfe datasets check` writes them.

use super::{DropReason, Dropped};
use crate::{Dataset, Error, Result, lists::table};
use std::{
    collections::HashSet,
    path::{Path, PathBuf},
};

/// Reads an exclusion list: a CSV with a `path` column (relative to the data folder); other columns are for people.
///
/// # Errors
/// [`Error::Missing`] where there is no such file, [`Error::Malformed`] where it is not such a table.
pub fn read_exclusions(path: &Path) -> Result<HashSet<PathBuf>> {
    let bytes = std::fs::read(path).map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => Error::Missing {
            path: path.to_path_buf(),
            remedy: "write it with `mdfe datasets check`, or leave the option `exclude` out".to_owned(),
        },
        _ => Error::io("read", path)(e),
    })?;
    let mut paths = HashSet::new();
    table::rows(path, &bytes, table::Format::Csv, ["path"], |row| {
        paths.insert(PathBuf::from(row.text(0)));
        Ok(())
    })?;
    Ok(paths)
}

/// Leaves the samples out whose path is in `list`, and the classes that have none left.
pub fn exclude(dataset: Dataset, list: &HashSet<PathBuf>) -> (Dataset, Option<Dropped>) {
    let keep: Vec<bool> = dataset.samples.iter().map(|s| !list.contains(&s.path)).collect();
    let samples = keep.iter().filter(|k| !**k).count();
    if samples == 0 {
        return (dataset, None);
    }
    let before = dataset.num_classes();
    let dataset = dataset.retain(&keep);
    let classes = before - dataset.num_classes();
    (dataset, Some(Dropped { reason: DropReason::Excluded, samples, classes }))
}
