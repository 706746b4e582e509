//! What a preparation did.

use super::{
    job::Job,
    output::{self, Written},
};
use crate::{Result, Skipped};
use serde::Serialize;
use std::path::PathBuf;

/// The file in a data set's folder that lists what was skipped (`path,reason`); absent where nothing was.
pub(super) const SKIPPED_LIST: &str = "prepare-skipped.csv";

/// What a preparation did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PrepareReport {
    /// The data set's key.
    pub key: &'static str,
    /// Lists that were written, on disk.
    pub written: Vec<PathBuf>,
    /// Lists that were there already and were kept.
    pub kept: Vec<PathBuf>,
    /// Crops that were made now.
    pub crops_made: usize,
    /// Crops that an earlier run had made.
    pub crops_kept: usize,
    /// Classes of the list.
    pub classes: usize,
    /// Rows of the list.
    pub images: usize,
    /// What could not be used, relative to the data set's folder, in the order of the source; also in
    /// `prepare-skipped.csv` beside the list.
    pub skipped: Vec<Skipped>,
    /// What the user should know, one sentence each.
    pub notes: Vec<String>,
}

impl PrepareReport {
    /// The report of a list that is there and cannot or need not be made again.
    pub(super) fn of_kept(key: &'static str, list: PathBuf) -> Result<Self> {
        let notes = vec![format!("{} was there already and is used as it is", list.display())];
        Ok(Self { key, kept: vec![list], notes, ..Self::default() })
    }

    /// Writes the list `name` of the data set. One of that name that preparation never wrote is kept and reported.
    ///
    /// # Errors
    /// [`crate::Error::Edited`] where preparation wrote it and somebody changed it since.
    pub(super) fn write_list(&mut self, job: &Job<'_>, name: &str, bytes: &[u8]) -> Result<()> {
        let list = job.source.on_disk(name);
        match output::write_list(job, name, bytes)? {
            Written::Fresh => self.written.push(list),
            Written::KeptOther => {
                self.notes.push(format!(
                    "{} is not what the data gives; it was kept, replace it with `--overwrite` or delete it to make it anew",
                    list.display()
                ));
                self.kept.push(list);
            }
        }
        Ok(())
    }
}
