//! Many objects as files, some of them ahead, in a folder that is removed again.

use crate::{Error, Location, Result, Stores};
use futures::StreamExt;
use std::{
    collections::VecDeque,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};
use tempfile::TempDir;
use tokio::{
    sync::mpsc::{Receiver, Sender, channel},
    task::JoinHandle,
};

/// An object, fetched or not.
#[derive(Debug)]
pub struct Fetched {
    /// Where it came from.
    pub location: Location,
    /// Its file, or why there is none, as a sentence without the address.
    pub file: std::result::Result<PathBuf, String>,
}

/// Some objects in the order that they were asked for. Their files are there as long as this value.
#[derive(Debug)]
pub struct Part {
    /// The objects.
    pub objects: Vec<Fetched>,
    _folder: TempDir,
}

/// Objects as files, part by part: while one part is used, the next is fetched. Dropping it ends the fetching and removes the files.
pub struct Parts {
    stores: Arc<Stores>,
    receiver: Receiver<Result<Part>>,
    task: Option<JoinHandle<()>>,
}

impl Parts {
    /// Begins to fetch `objects`. No more than [`Options::ahead`](crate::Options::ahead) of them and about
    /// [`Options::ahead_bytes`](crate::Options::ahead_bytes) are on disk at a time; memory does not grow with either. An object that
    /// cannot be fetched after the retries is no error: it comes with its reason.
    pub fn new(stores: &Arc<Stores>, objects: Vec<Location>) -> Self {
        let (sender, receiver) = channel(1);
        let task = stores.runtime.spawn(fetch(Arc::clone(stores), objects.into(), sender));
        Self { stores: Arc::clone(stores), receiver, task: Some(task) }
    }
}

impl Iterator for Parts {
    type Item = Result<Part>;

    /// The next part; an error when this machine has no room for it.
    fn next(&mut self) -> Option<Self::Item> {
        self.receiver.blocking_recv()
    }
}

impl Drop for Parts {
    fn drop(&mut self) {
        self.receiver.close();
        if let Some(task) = self.task.take() {
            task.abort();
            // The folder is gone when the task is.
            let _ = self.stores.runtime.block_on(task);
        }
    }
}

async fn fetch(stores: Arc<Stores>, mut left: VecDeque<Location>, sender: Sender<Result<Part>>) {
    while !left.is_empty() {
        // Room first: a part that nobody waits for yet would be one more on disk.
        let Ok(room) = sender.reserve().await else { return };
        let part = fetch_part(&stores, &mut left).await;
        let failed = part.is_err();
        room.send(part);
        if failed {
            return;
        }
    }
}

async fn fetch_part(stores: &Stores, left: &mut VecDeque<Location>) -> Result<Part> {
    let options = &stores.settings.options;
    let (most, most_bytes) = ((options.ahead / 2).max(1), options.ahead_bytes / 2);
    let folder = tempfile::Builder::new().prefix("mdfe-fetched-").tempdir();
    let folder = folder.map_err(Error::io("create a folder in", &std::env::temp_dir()))?;
    let (bytes, mut begun) = (AtomicU64::new(0), 0);
    let begin = std::iter::from_fn(|| {
        if begun == most || (begun > 0 && bytes.load(Ordering::Relaxed) >= most_bytes) {
            return None;
        }
        let location = left.pop_front()?;
        let end = location.extension().filter(|end| end.len() < 8).map(|end| format!(".{end}"));
        let path = folder.path().join(format!("{begun:06}{}", end.unwrap_or_default()));
        begun += 1;
        Some((location, path))
    });
    let one = |(location, path): (Location, PathBuf)| {
        let bytes = &bytes;
        async move {
            match stores.fetch(&location, &path).await {
                Ok(size) => {
                    bytes.fetch_add(size, Ordering::Relaxed);
                    Ok(Fetched { location, file: Ok(path) })
                }
                // A full disk is not the fault of the object.
                Err(error @ Error::Io { .. }) => Err(error),
                Err(error) => {
                    let _ = std::fs::remove_file(&path);
                    let reason = match &error {
                        Error::Store { reason, .. } | Error::Setting { reason, .. } => reason.clone(),
                        other => other.to_string(),
                    };
                    Ok(Fetched { location, file: Err(format!("it cannot be fetched: {reason}")) })
                }
            }
        }
    };
    let fetched: Vec<Result<Fetched>> =
        futures::stream::iter(begin).map(one).buffered(options.concurrency.max(1)).collect().await;
    let objects = fetched.into_iter().collect::<Result<Vec<_>>>()?;
    Ok(Part { objects, _folder: folder })
}
