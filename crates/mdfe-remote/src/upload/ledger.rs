//! `uploads.json` in a run folder: what has been sent where.

use crate::{Error, Result};
use mdfe_data::{identity::Fingerprint, write_atomically};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// A file as it was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sent {
    pub(super) bytes: u64,
    pub(super) fingerprint: Fingerprint,
}

/// What has been sent where. A file counts as sent once the store has acknowledged the whole of it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Ledger {
    format: String,
    /// By destination and by the file's path in the run folder.
    destinations: BTreeMap<String, BTreeMap<String, Sent>>,
    #[serde(skip)]
    path: PathBuf,
}

impl Ledger {
    pub(super) const FILE: &str = "uploads.json";
    const FORMAT: &str = "mdfe-uploads-1";

    /// The ledger of a run folder, empty where there is none.
    pub(super) fn open(run: &Path) -> Result<Self> {
        let path = run.join(Self::FILE);
        let text = match std::fs::read_to_string(&path) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self { format: Self::FORMAT.to_owned(), destinations: BTreeMap::new(), path });
            }
            other => other.map_err(Error::io("read", &path))?,
        };
        let bad = |reason: String| {
            let reason =
                format!("is no ledger of uploads ({reason}); remove it, and everything is sent again");
            Error::Data(mdfe_data::Error::Malformed { path: path.clone(), line: None, reason })
        };
        let mut ledger: Self = serde_json::from_str(&text).map_err(|e| bad(e.to_string()))?;
        if ledger.format != Self::FORMAT {
            return Err(bad(format!("its format is {}, this build reads {}", ledger.format, Self::FORMAT)));
        }
        ledger.path = path;
        Ok(ledger)
    }

    /// A file as it was sent to `destination` last.
    pub(super) fn sent(&self, destination: &str, name: &str) -> Option<&Sent> {
        self.destinations.get(destination)?.get(name)
    }

    /// Notes that a file has been sent.
    pub(super) fn note(&mut self, destination: &str, name: &str, sent: Sent) -> Result<()> {
        self.destinations.entry(destination.to_owned()).or_default().insert(name.to_owned(), sent);
        let text =
            serde_json::to_string_pretty(self).map_err(|e| Error::io("write", &self.path)(e.into()))?;
        Ok(write_atomically(&self.path, format!("{text}\n").as_bytes())?)
    }
}
