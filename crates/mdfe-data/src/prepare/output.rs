//! Files of a preparation: whole or not there, the same bytes in every run, and never over what somebody else wrote.

use super::{
    job::Job,
    made::{Made, Owner},
};
use crate::{
    Error, Result, Skipped,
    files::{self, Lock, WriteOptions},
    identity::Fingerprint,
    skipped_csv,
};
use std::{io::ErrorKind, path::Path};

/// What became of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    /// It was written, or was there with the same bytes.
    Fresh,
    /// Another one is there, which preparation never wrote, and was left alone.
    KeptOther,
}

/// Keeps other preparations of the data set out, waiting for the one that is at work: two would write the same files at once.
pub(super) fn lock(job: &Job<'_>) -> Result<Lock> {
    let waits =
        || job.progress.begin(&format!("{}: waiting for another preparation", job.source.info.key), 0);
    Lock::take(&job.source.on_disk(".mdfe-prepare.lock"), waits)
}

/// Writes the list `name` of the data set, with its folders. What is there is replaced where preparation wrote it or
/// the job says so.
///
/// # Errors
/// [`Error::Edited`] where somebody changed what preparation wrote.
pub(super) fn write_list(job: &Job<'_>, name: &str, bytes: &[u8]) -> Result<Written> {
    let path = job.source.on_disk(name);
    let fresh = Fingerprint::of(bytes);
    let there = fingerprint(&path)?;
    let mut made = Made::read(job)?;
    if there != Some(fresh) {
        match made.owner(name, there) {
            Owner::Nobody | Owner::Preparation => {}
            _ if job.overwrite => {}
            Owner::Editor => return Err(Error::Edited { path }),
            Owner::User => return Ok(Written::KeptOther),
        }
        made.note(name, there.into_iter().chain([fresh]).collect())?;
        files::write(&path, &WriteOptions::RESTARTABLE, bytes)?;
    }
    // A list that was there with the same bytes stays whose it was.
    if made.knows(name) {
        made.note(name, vec![fresh])?;
    }
    Ok(Written::Fresh)
}

/// Refuses a list that [`write_list`] would refuse whatever the new one is, before the work that leads to it.
pub(super) fn refuse_edited(job: &Job<'_>, name: &str) -> Result<()> {
    let path = job.source.on_disk(name);
    let owner = Made::read(job)?.owner(name, fingerprint(&path)?);
    if owner == Owner::Editor && !job.overwrite { Err(Error::Edited { path }) } else { Ok(()) }
}

/// The fingerprint of a file, if it is there.
fn fingerprint(path: &Path) -> Result<Option<Fingerprint>> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(Fingerprint::of(&bytes))),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
        Err(e) => Err(Error::io("read", path)(e)),
    }
}

/// Writes the list of skipped items, or removes an old one where there is nothing to list.
pub(super) fn write_skipped(path: &Path, skipped: &[Skipped]) -> Result<()> {
    if !skipped.is_empty() {
        return files::write(path, &WriteOptions::RESTARTABLE, &skipped_csv(skipped)?);
    }
    match std::fs::remove_file(path) {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(Error::io("remove", path)(e)),
        _ => Ok(()),
    }
}
