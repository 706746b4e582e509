//! A run folder's place in a store.

use super::{
    files::{Scope, files},
    ledger::{Ledger, Sent},
};
use crate::{Error, Location, Result, Stores, stores::fingerprint};
use mdfe_data::identity::Fingerprint;
use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

/// What an upload did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Uploaded {
    /// Files that were sent, by their paths in the run folder.
    pub sent: Vec<String>,
    /// Bytes of them.
    pub bytes: u64,
    /// Files that were there already.
    pub already: usize,
}

/// A run folder and the folder of a store that gets its files: `DEST/NAME`, where NAME is that of the run folder.
pub struct Destination {
    stores: Arc<Stores>,
    run: PathBuf,
    folder: Location,
    /// Fingerprints by path, size and time, so that a checkpoint is read once for each change.
    known: HashMap<PathBuf, (u64, SystemTime, Fingerprint)>,
}

impl Destination {
    /// The place of the run folder `run` below `dest`. Opens no connection.
    ///
    /// # Errors
    /// [`Error::Setting`] for a store that takes no files or lacks a setting, [`Error::Io`] for a folder without a name.
    pub fn new(stores: Arc<Stores>, run: &Path, dest: &Location) -> Result<Self> {
        let absolute = std::path::absolute(run).map_err(Error::io("find", run))?;
        let name = absolute.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let folder = dest.folder().join(&name)?.folder();
        stores.expect_writable(&folder)?;
        Ok(Self { stores, run: run.to_path_buf(), folder, known: HashMap::new() })
    }

    /// The run folder.
    pub fn run(&self) -> &Path {
        &self.run
    }

    /// The folder of the store.
    pub fn folder(&self) -> &Location {
        &self.folder
    }

    /// Sends every file that the store has not got yet. What the ledger `uploads.json` has is not sent again, if its content is the
    /// same and the store still has a file of its size. `watch` is told the name of each file before it is sent.
    ///
    /// # Errors
    /// The first that hinders a file; what was sent until then is in the ledger, and the next call goes on from there.
    pub fn upload(&mut self, mut watch: impl FnMut(&str)) -> Result<Uploaded> {
        self.sync(Scope::All, true, &mut watch)
    }

    /// As [`Destination::upload`]; without `ask` the ledger is believed.
    pub(super) fn sync(&mut self, scope: Scope, ask: bool, watch: &mut dyn FnMut(&str)) -> Result<Uploaded> {
        let mut ledger = Ledger::open(&self.run)?;
        let destination = self.folder.to_string();
        let mut done = Uploaded::default();
        for file in files(&self.run, scope)? {
            let now = match self.fingerprint(&file.path) {
                Ok(now) => now,
                // The training keeps the newest checkpoints alone: one that is gone needs no upload.
                Err(_) if !file.path.exists() => continue,
                Err(error) => return Err(error),
            };
            let to = self.folder.join(&file.name)?;
            if ledger.sent(&destination, &file.name) == Some(&now)
                && (!ask || self.stores.size(&to)? == Some(now.bytes))
            {
                done.already += 1;
                continue;
            }
            watch(&file.name);
            match self.stores.send(&file.path, &to) {
                Ok(()) => {}
                Err(Error::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            }
            done.bytes += now.bytes;
            done.sent.push(file.name.clone());
            ledger.note(&destination, &file.name, now)?;
        }
        Ok(done)
    }

    /// The files that the ledger does not have as they are now.
    pub(super) fn left(&mut self) -> Result<Vec<String>> {
        let ledger = Ledger::open(&self.run)?;
        let destination = self.folder.to_string();
        let mut left = Vec::new();
        for file in files(&self.run, Scope::All)? {
            let now = self.fingerprint(&file.path)?;
            if ledger.sent(&destination, &file.name) != Some(&now) {
                left.push(file.name);
            }
        }
        Ok(left)
    }

    fn fingerprint(&mut self, path: &Path) -> Result<Sent> {
        let metadata = path.metadata().map_err(Error::io("read", path))?;
        let stamp = (metadata.len(), metadata.modified().map_err(Error::io("read", path))?);
        if let Some((bytes, time, fingerprint)) = self.known.get(path)
            && (*bytes, *time) == stamp
        {
            return Ok(Sent { bytes: *bytes, fingerprint: *fingerprint });
        }
        let fingerprint = fingerprint(path)?;
        self.known.insert(path.to_path_buf(), (stamp.0, stamp.1, fingerprint));
        Ok(Sent { bytes: stamp.0, fingerprint })
    }
}
