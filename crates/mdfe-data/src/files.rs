//! Writing files so that nobody ever sees half of one.

use crate::{Error, Result};
use std::{io::Write, path::Path, time::Duration};

/// How the name of a temporary file begins and ends.
const PREFIX: &str = ".mdfe-";
const SUFFIX: &str = ".tmp";

/// Writes `bytes` to a temporary file beside `path`, syncs it and renames it into place.
///
/// # Errors
/// [`Error::Io`] names `path` and the system's reason (disk full, read-only folder).
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new()
        .prefix(PREFIX)
        .suffix(SUFFIX)
        .tempfile_in(folder)
        .map_err(Error::io("write in", folder))?;
    file.write_all(bytes).and_then(|()| file.as_file().sync_all()).map_err(Error::io("write", path))?;
    // A temporary file is private; what it becomes has the usual mode of a new file.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::Permissions::from_mode(0o644);
        file.as_file().set_permissions(mode).map_err(Error::io("write", path))?;
    }
    file.persist(path).map(drop).map_err(|e| Error::io("write", path)(e.error))
}

/// Removes the temporary files in `folder` that killed runs left: those older than `age`, since others may be writing there.
pub(crate) fn remove_leftovers(folder: &Path, age: Duration) -> Result<()> {
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
