//! Writing files so that nobody ever sees half of one.

use crate::{Error, Result};
use std::{io::Write, path::Path};

/// Writes `bytes` to a temporary file beside `path`, syncs it and renames it into place.
///
/// # Errors
/// [`Error::Io`] names `path` and the system's reason (disk full, read-only folder).
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new()
        .prefix(".mdfe-")
        .suffix(".tmp")
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
