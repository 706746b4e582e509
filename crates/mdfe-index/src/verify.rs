//! Reading every byte of an index.

use crate::{Index, Result, manifest::Manifest, removed::Removed, segment::Segment};
use mdfe_data::identity::Fingerprint;
use serde::Serialize;
use std::path::Path;

/// A file that is not what the manifest says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// Its name in the folder.
    pub file: String,
    /// What is wrong, with the file's name.
    pub reason: String,
}

/// What [`Index::verify`] found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// Files that were read.
    pub files: usize,
    /// Rows in them, removed ones included.
    pub rows: usize,
    /// Files that are damaged.
    pub faults: Vec<Fault>,
}

impl Index {
    /// Reads every file of the index in `dir` and compares it with the manifest: hash, shapes, names, finite values. Works on an
    /// index that [`Index::open`] refuses.
    ///
    /// # Errors
    /// [`crate::Error::NoIndex`] and [`crate::Error::Manifest`].
    pub fn verify(dir: &Path) -> Result<Verified> {
        let manifest = Manifest::read(dir)?;
        let (mut faults, mut first) = (Vec::new(), 0);
        let mut fault = |file: &str, reason: String| faults.push(Fault { file: file.to_owned(), reason });
        for entry in &manifest.segments {
            let opened = Segment::open(dir, &manifest, entry, first);
            first += entry.rows as u32;
            match opened {
                Err(error) => fault(&entry.file, error.to_string()),
                Ok(segment) if Fingerprint::of(segment.bytes()) != entry.fingerprint => {
                    fault(&entry.file, format!("{}: its bytes are not those that were written", entry.file));
                }
                Ok(segment) => {
                    if let Err(reason) = segment.check() {
                        fault(&entry.file, format!("{}: {reason}", entry.file));
                    }
                }
            }
        }
        if let Some(entry) = &manifest.removed {
            let found = Fingerprint::of_file(&dir.join(&entry.file));
            match (found, Removed::open(dir, &manifest)) {
                (Err(error), _) => fault(&entry.file, error.to_string()),
                (_, Err(error)) => fault(&entry.file, error.to_string()),
                (Ok(found), _) if found != entry.fingerprint => {
                    fault(&entry.file, format!("{}: its bytes are not those that were written", entry.file));
                }
                _ => {}
            }
        }
        Ok(Verified { files: manifest.files().count(), rows: manifest.rows(), faults })
    }
}
