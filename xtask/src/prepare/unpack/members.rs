//! Members of an archive on disk.

use anyhow::Result;
use mdfe_data::files::{WriteOptions, write_with};
use std::{
    io::{self, Read},
    path::Path,
};

/// What came out of an archive.
#[derive(Default)]
pub(super) struct Unpacked {
    /// Members that are on disk now.
    pub(super) files: usize,
    /// Members that were left out, one sentence each.
    pub(super) refused: Vec<String>,
}

/// Writes a member of `size` bytes, unless it is there with that size. It appears whole, by a rename.
pub(super) fn write_member(target: &Path, size: u64, content: &mut impl Read) -> Result<()> {
    if target.metadata().is_ok_and(|m| m.is_file() && m.len() == size) {
        return Ok(());
    }
    write_with(target, &WriteOptions::RESTARTABLE, |out| {
        // One byte more than it claims is enough to refuse it: a member that inflates without end does not fill the disk.
        let written = io::copy(&mut content.take(size.saturating_add(1)), out)?;
        if written != size {
            let than = if written > size { "more" } else { "fewer" };
            return Err(io::Error::other(format!("the archive says it has {size} bytes and gives {than}")));
        }
        Ok(())
    })?;
    Ok(())
}
