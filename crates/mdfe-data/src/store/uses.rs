//! Who uses a space.

use super::View;
use crate::{Error, Result, write_atomically};
use serde::{Deserialize, Serialize};
use std::{
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

/// The folder of a space's uses.
const FOLDER: &str = "uses";

/// A view that was extracted into a space or trained from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Use {
    /// Name of the data set.
    pub view: String,
    /// Fingerprint of the view.
    pub fingerprint: crate::identity::Fingerprint,
    /// Rows of the view.
    pub rows: usize,
    /// When it was last used, in seconds since 1970.
    pub at: u64,
}

impl Use {
    /// Notes that `view` was used with the space in `dir`, now.
    ///
    /// # Errors
    /// [`Error::Io`] when the folder cannot be written.
    pub fn record(dir: &Path, view: &View) -> Result<()> {
        let fingerprint = view.fingerprint();
        let at = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let this = Self { view: view.name().to_owned(), fingerprint, rows: view.len(), at };
        let folder = dir.join(FOLDER);
        std::fs::create_dir_all(&folder).map_err(Error::io("create the folder", &folder))?;
        let json = serde_json::to_string(&this).map_err(|e| Error::Invalid(e.to_string()))?;
        write_atomically(&folder.join(format!("{}.json", fingerprint.short())), (json + "\n").as_bytes())
    }

    /// The uses of the space in `dir`, the latest first. What cannot be read is no use.
    pub(super) fn of(dir: &Path) -> Vec<Self> {
        let entries = std::fs::read_dir(dir.join(FOLDER)).into_iter().flatten().flatten();
        let texts = entries.filter_map(|entry| std::fs::read_to_string(entry.path()).ok());
        let mut uses: Vec<Self> = texts.filter_map(|text| serde_json::from_str(&text).ok()).collect();
        uses.sort_by(|a, b| b.at.cmp(&a.at).then_with(|| a.view.cmp(&b.view)));
        uses
    }
}
