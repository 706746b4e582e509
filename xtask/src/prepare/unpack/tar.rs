//! Tar archives, one member after the other.

use super::members::{Unpacked, write_member};
use anyhow::Result;
use mdfe_data::files::inside;
use std::{
    io::Read,
    path::{Path, PathBuf},
};
use tar::{Archive, EntryType};

/// Unpacks a stream of members; `target` gives the folder from the first member's path.
pub(super) fn unpack(stream: impl Read, target: impl Fn(&Path) -> PathBuf) -> Result<Unpacked> {
    let mut unpacked = Unpacked::default();
    let mut folder: Option<PathBuf> = None;
    for entry in Archive::new(stream).entries()? {
        let mut entry = entry?;
        let member = entry.path()?.into_owned();
        let path = inside(&member);
        match (entry.header().entry_type(), path) {
            (EntryType::Directory, _) => {}
            (EntryType::Regular | EntryType::Continuous, Some(path)) => {
                let folder = folder.get_or_insert_with(|| target(&path));
                let size = entry.size();
                write_member(&folder.join(path), size, &mut entry)?;
                unpacked.files += 1;
            }
            (EntryType::XHeader | EntryType::XGlobalHeader, _) => {}
            (EntryType::Regular | EntryType::Continuous, None) => {
                unpacked.refused.push(format!("{} leads out of the folder", member.display()));
            }
            _ => unpacked.refused.push(format!("{} is a link or a special file", member.display())),
        }
    }
    Ok(unpacked)
}
