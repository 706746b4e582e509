//! Some images as files of this machine.

use mdfe_data::InputRow;
use std::{any::Any, path::PathBuf};

/// Some images in order. Their files are there as long as this value.
pub(in crate::commands) struct LocalPart {
    /// Each file, or why there is none.
    pub(in crate::commands) files: Vec<Result<PathBuf, String>>,
    /// What the user calls each, where that is not its file.
    names: Vec<String>,
    _keep: Box<dyn Any>,
}

impl LocalPart {
    /// Files that are there already, as far as they are.
    pub(super) fn of(rows: &[&InputRow]) -> Self {
        let file = |row: &&InputRow| row.fault.clone().map_or_else(|| Ok(row.file.clone()), Err);
        Self { files: rows.iter().map(file).collect(), names: Vec::new(), _keep: Box::new(()) }
    }

    /// Copies of what `names` say, which are there as long as `keep`.
    #[cfg(feature = "full")]
    pub(super) fn fetched(
        files: Vec<Result<PathBuf, String>>,
        names: Vec<String>,
        keep: Box<dyn Any>,
    ) -> Self {
        Self { files, names, _keep: keep }
    }

    /// Why there is no file `i`.
    pub(in crate::commands) fn reason(&self, i: usize) -> String {
        let reason = self.files[i].as_ref().err().map_or("", String::as_str);
        self.names.get(i).map_or_else(|| reason.to_owned(), |name| format!("{name}: {reason}"))
    }

    /// A reason that names the file `i`, by what the user calls it.
    pub(in crate::commands) fn named(&self, i: usize, reason: &str) -> String {
        match (&self.files[i], self.names.get(i)) {
            (Ok(path), Some(name)) => reason.replace(&path.display().to_string(), name),
            _ => reason.to_owned(),
        }
    }
}
