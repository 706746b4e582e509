//! What could not be used, and why: the one form in which every room lists it.

use crate::{Result, lists::csv_bytes};
use serde::{Deserialize, Serialize};
use std::{fmt, path::Path};

/// An image (or a line of annotations) that was left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// The image as its list names it: relative to the data folder or to the data set's, as the caller says.
    pub path: String,
    /// One sentence, without the path.
    pub reason: String,
}

impl Skipped {
    /// `path` was left out for `reason`.
    pub fn new(path: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { path: path.into(), reason: reason.into() }
    }

    /// The same with the text of a path, as far as it is UTF-8.
    pub fn at(path: &Path, reason: impl Into<String>) -> Self {
        Self::new(path.to_string_lossy(), reason)
    }
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.reason)
    }
}

/// A list of what was left out as a CSV, `path,reason`, which the option `exclude` of every data set reads.
///
/// # Errors
/// [`crate::Error::Invalid`] if a row cannot be written, which a list in memory never is.
pub fn skipped_csv(list: &[Skipped]) -> Result<Vec<u8>> {
    csv_bytes(&["path", "reason"], list.iter().map(|s| [&s.path, &s.reason]))
}
