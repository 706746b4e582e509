//! Lists of images that are left out, as `mdfe datasets check` writes them.

use super::{DropReason, Dropped};
use crate::{Dataset, Error, Result, lists::table};
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

/// Images to leave out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exclusions {
    /// The list they come from.
    pub list: PathBuf,
    /// The images, relative to the data folder.
    pub images: BTreeSet<PathBuf>,
}

/// Reads an exclusion list: a CSV with a `path` column (relative to the data folder); other columns are for people.
///
/// # Errors
/// [`Error::Missing`] where there is no such file, [`Error::Malformed`] where it is not such a table.
pub fn read_exclusions(path: &Path) -> Result<Exclusions> {
    let bytes = std::fs::read(path).map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => Error::Missing {
            path: path.to_path_buf(),
            remedy: "write it with `mdfe datasets check`, or leave the option `exclude` out".to_owned(),
        },
        _ => Error::io("read", path)(e),
    })?;
    let mut images = BTreeSet::new();
    table::rows(path, &bytes, table::Format::Csv, ["path"], |row| {
        images.insert(PathBuf::from(row.text(0).trim_start_matches("./")));
        Ok(())
    })?;
    Ok(Exclusions { list: path.to_path_buf(), images })
}

/// Leaves the samples out whose path is in the list, and the classes that have none left.
///
/// # Errors
/// [`Error::Malformed`] for a list with images of which the data set has none: it belongs to another one, or its paths are
/// relative to another folder.
pub fn exclude(dataset: Dataset, exclusions: &Exclusions) -> Result<(Dataset, Option<Dropped>)> {
    let Exclusions { list, images } = exclusions;
    let keep: Vec<bool> = dataset.samples.iter().map(|s| !images.contains(&s.path)).collect();
    let gone =
        || dataset.samples.iter().zip(&keep).filter(|(_, keep)| !**keep).map(|(sample, _)| &sample.path);
    let (samples, matched) = (gone().count(), gone().collect::<BTreeSet<_>>().len());
    match images.first() {
        None => return Ok((dataset, None)),
        Some(listed) if matched == 0 => {
            let reason = nothing_matches(&dataset, listed, images.len());
            return Err(Error::Malformed { path: list.clone(), line: None, reason });
        }
        Some(_) => {}
    }
    let before = dataset.num_classes();
    let dataset = dataset.retain(&keep);
    let classes = before - dataset.num_classes();
    let reason = DropReason::Excluded { listed: images.len(), matched };
    Ok((dataset, Some(Dropped { reason, samples, classes })))
}

/// Says so with an image of each side: where there is one, the one of the data set with the same file name.
fn nothing_matches(dataset: &Dataset, listed: &Path, count: usize) -> String {
    let same_name = dataset.samples.iter().find(|s| s.path.file_name() == listed.file_name());
    let sample = same_name.or(dataset.samples.first()).map(|s| s.path.display().to_string());
    format!(
        "none of its {count} images is in `{}`: the list has `{}`, the data set `{}`; give the option `exclude` a list whose \
         paths are relative to the data folder, or leave it out",
        dataset.name,
        listed.display(),
        sample.unwrap_or_default()
    )
}
