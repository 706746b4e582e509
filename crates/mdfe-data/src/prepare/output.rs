//! Files of a preparation: whole or not there, and the same bytes in every run.

use crate::{
    Error, Result, Skipped,
    files::{self, WriteOptions},
    skipped_csv,
};
use std::{io::ErrorKind, path::Path};

/// What became of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    /// It was written, or was there with the same bytes.
    Fresh,
    /// Another one is there and was left alone.
    KeptOther,
}

/// Writes a list, over what is there, with its folders.
pub(super) fn write_list(path: &Path, bytes: &[u8]) -> Result<()> {
    files::write(path, &WriteOptions::RESTARTABLE, bytes)
}

/// Writes a list that follows from the data alone. Another list of that name is the user's own, published or edited,
/// and stays.
pub(super) fn write_list_once(path: &Path, bytes: &[u8]) -> Result<Written> {
    match std::fs::read(path) {
        Ok(there) if there == bytes => Ok(Written::Fresh),
        Ok(_) => Ok(Written::KeptOther),
        Err(e) if e.kind() == ErrorKind::NotFound => write_list(path, bytes).map(|()| Written::Fresh),
        Err(e) => Err(Error::io("read", path)(e)),
    }
}

/// Writes the list of skipped items, or removes an old one where there is nothing to list.
pub(super) fn write_skipped(path: &Path, skipped: &[Skipped]) -> Result<()> {
    if !skipped.is_empty() {
        return write_list(path, &skipped_csv(skipped)?);
    }
    match std::fs::remove_file(path) {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(Error::io("remove", path)(e)),
        _ => Ok(()),
    }
}
