//! The data sets that mdfe knows: keys, terms, sources, expected files and counts.

mod check;
pub(crate) mod info;
mod list;
mod show;

pub use check::{MissingEntry, TreeCheck, check_tree, missing_images};
pub use info::{DatasetInfo, Expected, Origin, TreeEntry};
pub use list::{ListRow, list, list_text};
pub use show::{class_size_histogram, counts_line, jsonl_line};

use crate::{Error, Result, readers};

/// Every data set, in the order of the documentation's table.
pub fn datasets() -> &'static [&'static DatasetInfo] {
    &readers::ALL
}

/// The data set called `name`: a key or an alias.
///
/// # Errors
/// [`Error::Unknown`] lists the known keys, the nearest first.
pub fn find(name: &str) -> Result<&'static DatasetInfo> {
    let known = || datasets().iter().copied();
    known()
        .find(|d| d.key == name || d.aliases.contains(&name))
        .ok_or_else(|| Error::unknown("data set", name, known().map(|d| d.key)))
}
