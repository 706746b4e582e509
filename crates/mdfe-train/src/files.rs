//! Every file of this crate is written through here.

use crate::Result;
use std::path::Path;

/// Writes a file beside its place and renames it into it, so that nobody ever sees half of one.
///
/// # Errors
/// [`Error::Store`](crate::Error::Store) names the file and the system's reason.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    Ok(mdfe_data::write_atomically(path, bytes)?)
}
