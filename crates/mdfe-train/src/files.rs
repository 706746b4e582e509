//! Every file of this crate is written through here.

use crate::{Error, Result};
use std::path::Path;

/// Writes a file beside its place and renames it into it, so that nobody ever sees half of one.
///
/// # Errors
/// [`Error::Store`](crate::Error::Store) names the file and the system's reason.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    Ok(mdfe_data::write_atomically(path, bytes)?)
}

/// Removes what a killed process has left half written in `dir`, which is this process's alone.
///
/// # Errors
/// [`Error::Io`] when the folder can't be read or a file can't be removed.
pub(crate) fn remove_torn(dir: &Path) -> Result<()> {
    let entries = match std::fs::read_dir(dir) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        read => read.map_err(Error::io("read", dir))?,
    };
    for entry in entries {
        let path = entry.map_err(Error::io("read", dir))?.path();
        if path.file_name().is_some_and(mdfe_data::files::is_temporary) {
            std::fs::remove_file(&path).map_err(Error::io("remove", &path))?;
        }
    }
    Ok(())
}
