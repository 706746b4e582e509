//! What a preparation did.

use super::output::{Written, write_list_once};
use crate::{Result, Skipped};
use serde::Serialize;
use std::path::{Path, PathBuf};

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

    /// Writes a list that follows from the data alone; another list of that name is kept and reported.
    pub(super) fn write_once(&mut self, list: &Path, bytes: &[u8]) -> Result<()> {
        match write_list_once(list, bytes)? {
            Written::Fresh => self.written.push(list.to_path_buf()),
            Written::KeptOther => {
                self.kept.push(list.to_path_buf());
                let list = list.display();
                self.notes.push(format!(
                    "{list} is not what the data gives; it was kept, delete it to make it anew"
                ));
            }
        }
        Ok(())
    }
}
