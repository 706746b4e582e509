//! Writing files so that nobody ever sees half of one, telling which paths stay inside their folder, and keeping other processes out.
//!
//! ```
//! # fn main() -> mdfe_data::Result<()> {
//! # let folder = tempfile::tempdir().expect("a temporary folder");
//! use mdfe_data::files::{Existing, WriteOptions, write, write_with};
//! use std::io::Write;
//!
//! let list = folder.path().join("lists/train.csv");
//! write(&list, &WriteOptions::default(), b"path,label\n")?;
//! // A large file is written as it is made; whoever reads it meanwhile sees the old one.
//! let rows = write_with(&list, &WriteOptions::default(), |out| {
//!     out.write_all(b"path,label\na.jpg,1\n").map(|()| 1)
//! })?;
//! assert_eq!(rows, 1);
//! // A file that must not be replaced is not.
//! let once = WriteOptions { existing: Existing::Refuse, ..WriteOptions::default() };
//! assert!(matches!(write(&list, &once, b""), Err(mdfe_data::Error::Exists { .. })));
//! # Ok(())
//! # }
//! ```

mod inside;
mod lock;

pub use inside::{inside, is_plain_name};
pub use lock::Lock;

use crate::{Error, Result};
use std::{
    ffi::OsStr,
    fs::File,
    io::{self, BufWriter, Write},
    path::Path,
    time::Duration,
};
use tempfile::{NamedTempFile, TempPath};

/// How the name of a temporary file begins and ends.
const PREFIX: &str = ".mdfe-";
const SUFFIX: &str = ".tmp";

/// What becomes of a file that is there already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Existing {
    /// It is replaced, in one step (default).
    #[default]
    Replace,
    /// It stays as it is, also when it appears while the new one is being written, and the call fails.
    Refuse,
}

/// How the file that becomes another one is named until then. It always lies beside it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Beside {
    /// Anew each time, so that any number of processes may write one path; the last one wins (default).
    #[default]
    Unique,
    /// By the name of the file, so that what a killed run left is overwritten by the next one. No two writers at once.
    Same,
}

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WriteOptions {
    /// What becomes of a file that is there already (default: it is replaced).
    pub existing: Existing,
    /// Whether the bytes are on the disk before the file has its name (default true). Without, a power cut may take
    /// the content away; a kill never does.
    pub sync: bool,
    /// The name of the temporary file (default: a new one each time).
    pub beside: Beside,
}

impl WriteOptions {
    /// For steps that are run again until they are done: leftovers are overwritten and nothing waits for the disk.
    pub const RESTARTABLE: Self = Self { existing: Existing::Replace, sync: false, beside: Beside::Same };
}

impl Default for WriteOptions {
    fn default() -> Self {
        Self { existing: Existing::default(), sync: true, beside: Beside::default() }
    }
}

/// Writes `bytes` to `path` with the default options: see [`write()`].
///
/// # Errors
/// Those of [`write_with`].
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<()> {
    write(path, &WriteOptions::default(), bytes)
}

/// Writes `bytes` to a temporary file beside `path` and renames it into place, making the folders on the way.
///
/// # Errors
/// Those of [`write_with`].
pub fn write(path: &Path, options: &WriteOptions, bytes: &[u8]) -> Result<()> {
    write_with(path, options, |out| out.write_all(bytes))
}

/// The same for content that `fill` writes piece by piece (through a buffer). Returns what `fill` returns; where that
/// is an error, `path` is as it was before.
///
/// # Errors
/// [`Error::Io`] names `path` (or its folder) and the system's reason, such as a full disk, or that of `fill`;
/// [`Error::Exists`] where there is a file that must not be replaced.
pub fn write_with<T>(
    path: &Path,
    options: &WriteOptions,
    fill: impl FnOnce(&mut (dyn Write + Send)) -> io::Result<T>,
) -> Result<T> {
    let exists = || Error::Exists { path: path.to_path_buf() };
    // Asked before the work and again, by the rename itself, after it.
    if options.existing == Existing::Refuse && path.symlink_metadata().is_ok() {
        return Err(exists());
    }
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
    let mut file = match options.beside {
        Beside::Unique => unique(folder).map_err(Error::io("write in", folder))?,
        Beside::Same => same(folder, path).map_err(Error::io("write", path))?,
    };
    let mut out = BufWriter::with_capacity(1 << 16, file.as_file_mut());
    let filled = fill(&mut out).and_then(|filled| out.flush().map(|()| filled));
    drop(out);
    let filled = filled.map_err(Error::io("write", path))?;
    if options.sync {
        file.as_file().sync_all().map_err(Error::io("write", path))?;
    }
    let renamed = match options.existing {
        Existing::Replace => file.persist(path),
        Existing::Refuse => file.persist_noclobber(path),
    };
    match renamed {
        Ok(_) => Ok(filled),
        Err(e) if options.existing == Existing::Refuse && e.error.kind() == io::ErrorKind::AlreadyExists => {
            Err(exists())
        }
        Err(e) => Err(Error::io("write", path)(e.error)),
    }
}

/// A new file of a name that no other has. What is dropped before it is renamed is removed.
fn unique(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(PREFIX).suffix(SUFFIX);
    // A temporary file is private; what it becomes has the usual mode of a new file, less what the umask takes.
    #[cfg(unix)]
    {
        use std::{fs::Permissions, os::unix::fs::PermissionsExt};
        builder.permissions(Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

/// Whether a file name is that of a file which is being written, or which a killed process has left half written. It may be removed
/// where no other process writes.
pub fn is_temporary(name: &OsStr) -> bool {
    let name = name.as_encoded_bytes();
    name.starts_with(PREFIX.as_bytes()) && name.ends_with(SUFFIX.as_bytes())
}

/// The temporary file that belongs to `path`, emptied where a killed run left it.
fn same(folder: &Path, path: &Path) -> io::Result<NamedTempFile> {
    let mut name = std::ffi::OsString::from(PREFIX);
    name.push(path.file_name().unwrap_or_default());
    name.push(SUFFIX);
    let beside = folder.join(name);
    let file = File::create(&beside)?;
    Ok(NamedTempFile::from_parts(file, TempPath::try_from_path(beside)?))
}

/// Removes the temporary files in `folder` that killed runs left: those of at least this `age`, since others may be writing there.
///
/// # Errors
/// [`Error::Io`] names the folder or the file.
pub fn remove_leftovers(folder: &Path, age: Duration) -> Result<()> {
    for entry in std::fs::read_dir(folder).map_err(Error::io("read", folder))? {
        let path = entry.map_err(Error::io("read", folder))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let modified = std::fs::metadata(&path).and_then(|m| m.modified());
        let is_old = modified.is_ok_and(|at| at.elapsed().is_ok_and(|since| since >= age));
        if name.starts_with(PREFIX) && name.ends_with(SUFFIX) && is_old {
            std::fs::remove_file(&path).map_err(Error::io("remove", &path))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
