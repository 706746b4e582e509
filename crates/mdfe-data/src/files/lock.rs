//! One process at a time at a piece of work.

use crate::{Error, Result};
use std::{
    fs::{File, TryLockError},
    io::ErrorKind,
    path::Path,
};

/// Work that no other process or thread does at the same time, as long as this value lives. The system ends it with the
/// process, however that ends; the file stays.
#[derive(Debug)]
#[must_use = "the work is open to others as soon as this is dropped"]
pub struct Lock {
    /// Closing it ends the lock.
    _file: Option<File>,
}

impl Lock {
    /// Takes the work that the file `path` stands for, which is made where it is missing; its folder must be there. Where another one
    /// has it, `waits` is called once, and the call waits for it.
    ///
    /// Where nothing can be written, nobody can do harm, and no lock is needed. A file system without locks is logged.
    ///
    /// # Errors
    /// [`Error::Io`] names the file.
    pub fn take(path: &Path, waits: impl FnOnce()) -> Result<Self> {
        let file = match File::options().create(true).append(true).open(path) {
            Ok(file) => file,
            Err(e) if matches!(e.kind(), ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem) => {
                return Ok(Self { _file: None });
            }
            Err(e) => return Err(Error::io("create", path)(e)),
        };
        let taken = match file.try_lock() {
            Ok(()) => Ok(()),
            Err(TryLockError::WouldBlock) => {
                waits();
                file.lock()
            }
            Err(TryLockError::Error(e)) => Err(e),
        };
        if let Err(error) = taken {
            tracing::warn!("{} cannot be locked ({error}); let no other process work there", path.display());
        }
        Ok(Self { _file: Some(file) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[test]
    fn the_second_waits_until_the_first_is_done() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".lock");
        let first = Lock::take(&path, || panic!("nobody else is there")).unwrap();
        let (tell, hear) = mpsc::channel();
        let (waiting, second) = (tell.clone(), path.clone());
        let thread = std::thread::spawn(move || {
            let lock = Lock::take(&second, || waiting.send("waits").unwrap()).unwrap();
            tell.send("has it").unwrap();
            drop(lock);
        });
        assert_eq!(hear.recv().unwrap(), "waits");
        assert!(hear.try_recv().is_err(), "the first still has it");
        drop(first);
        assert_eq!(hear.recv().unwrap(), "has it");
        thread.join().unwrap();
    }
}
