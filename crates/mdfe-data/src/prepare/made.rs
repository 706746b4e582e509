//! Which lists preparation has written, so that those that somebody edited are told from its own.

use super::job::Job;
use crate::{Error, Result, files, identity::Fingerprint, lists::json};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, io::ErrorKind, path::PathBuf};

/// The file in a data set's folder.
const FILE: &str = "prepare-lists.json";
/// Name and version of its format.
const FORMAT: &str = "mdfe-lists-1";

/// Whose the list on disk is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// There is none.
    Nobody,
    /// Preparation wrote it as it is.
    Preparation,
    /// Preparation wrote a list here, and this is another one.
    Editor,
    /// Preparation never wrote a list here: a published one, or the user's own.
    User,
}

/// The fingerprints of the lists of a data set, as they were written.
pub(super) struct Made {
    path: PathBuf,
    record: Record,
}

#[derive(Serialize, Deserialize)]
struct Record {
    format: String,
    /// By the list's name. Two while one is about to replace another, so that a kill leaves no list that nobody wrote.
    lists: BTreeMap<String, Vec<Fingerprint>>,
}

impl Made {
    /// Reads what earlier runs have noted.
    pub(super) fn read(job: &Job<'_>) -> Result<Self> {
        let path = job.source.on_disk(FILE);
        let record = match std::fs::read(&path) {
            Ok(bytes) => json::parse(&path, &bytes)?,
            Err(e) if e.kind() == ErrorKind::NotFound => {
                Record { format: FORMAT.to_owned(), lists: BTreeMap::new() }
            }
            Err(e) => return Err(Error::io("read", &path)(e)),
        };
        if record.format != FORMAT {
            let reason = format!(
                "is of the format `{}`, not `{FORMAT}`; remove it, and the lists that are there count as your own",
                record.format
            );
            return Err(Error::Malformed { path, line: None, reason });
        }
        Ok(Self { path, record })
    }

    /// Whose the list `name` is, which has the fingerprint `there`, if it is there.
    pub(super) fn owner(&self, name: &str, there: Option<Fingerprint>) -> Owner {
        match (there, self.record.lists.get(name)) {
            (None, _) => Owner::Nobody,
            (_, None) => Owner::User,
            (Some(there), Some(made)) if made.contains(&there) => Owner::Preparation,
            _ => Owner::Editor,
        }
    }

    /// Notes that the list `name` is one of `made`, before or after it is written.
    pub(super) fn note(&mut self, name: &str, made: Vec<Fingerprint>) -> Result<()> {
        if self.record.lists.get(name) == Some(&made) {
            return Ok(());
        }
        self.record.lists.insert(name.to_owned(), made);
        // Text has a JSON form.
        let mut text = serde_json::to_vec_pretty(&self.record).unwrap_or_default();
        text.push(b'\n');
        files::write(&self.path, &files::WriteOptions::RESTARTABLE, &text)
    }

    /// Whether preparation ever wrote the list `name`.
    pub(super) fn knows(&self, name: &str) -> bool {
        self.record.lists.contains_key(name)
    }
}
