//! Files of a preparation: whole or not there, and the same bytes in every run.

use super::SkippedItem;
use crate::{Error, Result};
use std::path::{Path, PathBuf};

/// What became of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    /// It was written, or was there with the same bytes.
    Fresh,
    /// Another one is there and was left alone.
    KeptOther,
}

/// Writes `bytes` beside `path` and renames them into place, making the folders on the way.
///
/// The name of the file beside it follows from `path`, so that what a killed run leaves is overwritten by the next.
/// No two workers write one path. Nothing is synced: after a power cut the list may be missing, after a kill not.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
    }
    let beside = beside(path);
    std::fs::write(&beside, bytes).map_err(Error::io("write", &beside))?;
    std::fs::rename(&beside, path).map_err(Error::io("rename into place", path))
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".partial");
    name.into()
}

/// Writes a list that follows from the data alone. Another list of that name is the user's own, published or edited,
/// and stays.
pub(super) fn write_list_once(path: &Path, bytes: &[u8]) -> Result<Written> {
    match std::fs::read(path) {
        Ok(there) if there == bytes => Ok(Written::Fresh),
        Ok(_) => Ok(Written::KeptOther),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            write_whole(path, bytes).map(|()| Written::Fresh)
        }
        Err(e) => Err(Error::io("read", path)(e)),
    }
}

/// A CSV in memory: quoted where needed, lines end in `\n`.
pub(crate) fn csv_bytes<R, I>(header: &[&str], rows: R) -> Result<Vec<u8>>
where
    R: IntoIterator<Item = I>,
    I: IntoIterator<Item: AsRef<[u8]>>,
{
    let mut writer = csv::Writer::from_writer(Vec::new());
    let fault = |e: csv::Error| Error::Invalid(format!("a list cannot be written: {e}"));
    writer.write_record(header).map_err(fault)?;
    for row in rows {
        writer.write_record(row).map_err(fault)?;
    }
    writer.into_inner().map_err(|e| Error::Invalid(format!("a list cannot be written: {e}")))
}

/// Writes the list of skipped items, or removes an old one where there is nothing to list.
pub(super) fn write_skipped(path: &Path, skipped: &[SkippedItem]) -> Result<()> {
    if !skipped.is_empty() {
        let rows = skipped.iter().map(|s| [&s.path, &s.reason]);
        return write_whole(path, &csv_bytes(&["path", "reason"], rows)?);
    }
    match std::fs::remove_file(path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(Error::io("remove", path)(e)),
        _ => Ok(()),
    }
}

/// Whether `name` can be one folder or file name: not empty, and no way out of its folder.
pub(super) fn is_plain_name(name: &str) -> bool {
    !matches!(name, "" | "." | "..") && !name.contains(['/', '\\', '\0'])
}

/// Whether `path` stays inside the folder it is relative to.
pub(super) fn stays_inside(path: &str) -> bool {
    let mut parts = Path::new(path).components().peekable();
    parts.peek().is_some() && parts.all(|p| matches!(p, std::path::Component::Normal(_)))
}
