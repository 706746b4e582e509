//! An upload beside a training, which it neither stops nor slows.

use super::{Destination, files::Scope};
use crate::{Error, Location, Result, Stores};
use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    thread::JoinHandle,
    time::Duration,
};

/// The pause after an upload that failed, before it is tried again without a new checkpoint; it doubles up to [`LONGEST_PAUSE`].
const PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// What the training tells.
enum Told {
    /// A checkpoint has been written.
    Checkpoint,
    /// The run folder is complete.
    End,
}

/// What could not be uploaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// The files, by their paths in the run folder.
    pub files: Vec<String>,
    /// Why; the last thing that went wrong, or that time was up.
    pub reason: String,
}

/// A thread that keeps a run folder's place in a store up to date. It only reads the run folder, but for its ledger `uploads.json`; a
/// failure is a warning, tried again later and with every checkpoint.
pub struct Uploader {
    tell: Sender<Told>,
    ended: Receiver<Option<String>>,
    /// Where and what, for the account at the end.
    stores: Arc<Stores>,
    run: PathBuf,
    dest: Location,
    _thread: JoinHandle<()>,
}

impl Uploader {
    /// Starts a thread that uploads the run folder `run` into the folder of the same name below `dest`, from the first
    /// [`Uploader::checkpoint`] on: before, the folder may still hold a run that is about to be removed.
    ///
    /// # Errors
    /// Those of [`Destination::new`], and [`Error::Io`] when there is no thread to be had.
    pub fn start(stores: Arc<Stores>, run: &Path, dest: &Location) -> Result<Self> {
        let destination = Destination::new(Arc::clone(&stores), run, dest)?;
        let (tell, told) = channel();
        let (end, ended) = channel();
        let thread = std::thread::Builder::new()
            .name("mdfe-upload".to_owned())
            .spawn(move || {
                let reason = work(destination, &told);
                // Nobody may be waiting any more.
                let _ = end.send(reason);
            })
            .map_err(Error::io("start a thread for", run))?;
        let (run, dest) = (run.to_path_buf(), dest.clone());
        Ok(Self { tell, ended, stores, run, dest, _thread: thread })
    }

    /// Says that a checkpoint has been written. Returns at once.
    pub fn checkpoint(&self) {
        // A thread that has ended says so in `finish`.
        let _ = self.tell.send(Told::Checkpoint);
    }

    /// Says that the run folder is complete, and waits until it is uploaded, but no longer than `limit`. Returns what is left.
    pub fn finish(self, limit: Duration) -> Option<Left> {
        let _ = self.tell.send(Told::End);
        let reason = match self.ended.recv_timeout(limit) {
            Ok(None) => return None,
            Ok(Some(reason)) => reason,
            Err(RecvTimeoutError::Timeout) => {
                format!("it was not done {} s after the end", limit.as_secs_f64())
            }
            Err(RecvTimeoutError::Disconnected) => "the thread of the upload ended early".to_owned(),
        };
        let left = Destination::new(self.stores, &self.run, &self.dest).and_then(|mut place| place.left());
        match left {
            Ok(files) if files.is_empty() => None,
            Ok(files) => Some(Left { files, reason }),
            Err(error) => Some(Left { files: Vec::new(), reason: format!("{reason}; {error}") }),
        }
    }
}

/// Uploads until everything is there after the end, or cannot be. Returns why not.
fn work(mut destination: Destination, told: &Receiver<Told>) -> Option<String> {
    let (mut end, mut due, mut pause) = (false, false, PAUSE);
    let mut said: Option<String> = None;
    loop {
        if !due {
            // Until there is something to do; a training that is gone needs no more uploads.
            end |= matches!(told.recv().ok()?, Told::End);
        }
        while let Ok(more) = told.try_recv() {
            end |= matches!(more, Told::End);
        }
        let scope = if end { Scope::All } else { Scope::Resumable };
        match destination.sync(scope, false, &mut |_| ()) {
            Ok(done) => {
                if !done.sent.is_empty() {
                    let (files, bytes, folder) = (done.sent.len(), done.bytes, destination.folder());
                    tracing::info!("uploaded {files} files, {:.1} MB, to {folder}", bytes as f64 / 1e6);
                }
                if end {
                    return None;
                }
                (due, pause, said) = (false, PAUSE, None);
            }
            Err(error) => {
                let reason = error.to_string();
                if said.as_ref() != Some(&reason) {
                    tracing::warn!("not uploaded yet: {reason}");
                    said = Some(reason.clone());
                }
                // What cannot go well is tried again with the next checkpoint alone.
                let may_pass = error.may_pass();
                if end && !may_pass {
                    return Some(reason);
                }
                match told.recv_timeout(if may_pass { pause } else { Duration::MAX }) {
                    Ok(Told::End) => end = true,
                    Ok(Told::Checkpoint) | Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => return Some(reason),
                }
                (due, pause) = (true, (pause * 2).min(LONGEST_PAUSE));
            }
        }
    }
}
