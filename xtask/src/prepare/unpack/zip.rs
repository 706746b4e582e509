//! Zip archives, on all cores.

use super::members::{Unpacked, write_member};
use anyhow::{Context, Result, anyhow};
use mdfe_data::files::inside;
use std::{
    fs::File,
    io::BufReader,
    path::{Path, PathBuf},
};
use zip::ZipArchive;

/// Unpacks an archive; `target` gives the folder from the first member's path.
pub(super) fn unpack(archive: &Path, target: impl Fn(&Path) -> PathBuf) -> Result<Unpacked> {
    let members = open(archive)?;
    let first = members.file_names().filter_map(|name| inside(Path::new(&*name.ok()?))).next();
    let folder = target(&first.unwrap_or_default());
    let workers = std::thread::available_parallelism().map_or(1, usize::from).min(members.len().max(1));
    drop(members);
    let folder = &folder;
    let parts: Vec<Result<Unpacked>> = std::thread::scope(|scope| {
        let spawn =
            |start| scope.spawn(move || unpack_share(archive, folder, Share { start, step: workers }));
        let threads: Vec<_> = (0..workers).map(spawn).collect();
        threads.into_iter().map(|t| t.join().unwrap_or_else(|_| Err(anyhow!("a worker stopped")))).collect()
    });
    let mut unpacked = Unpacked::default();
    for part in parts {
        let part = part?;
        unpacked.files += part.files;
        unpacked.refused.extend(part.refused);
    }
    Ok(unpacked)
}

/// The members that one worker unpacks: every `step`-th from `start` on.
struct Share {
    start: usize,
    step: usize,
}

/// Unpacks a share with a reader of its own: members can't be read side by side from one.
fn unpack_share(archive: &Path, folder: &Path, share: Share) -> Result<Unpacked> {
    let mut members = open(archive)?;
    let mut unpacked = Unpacked::default();
    for i in (share.start..members.len()).step_by(share.step) {
        let mut member = members.by_index(i).with_context(|| format!("member {i} cannot be read"))?;
        let name = member.name()?.into_owned();
        match inside(Path::new(&name)) {
            _ if member.is_dir() => {}
            _ if member.is_symlink() => unpacked.refused.push(format!("{name} is a link")),
            None => unpacked.refused.push(format!("{name} leads out of the folder")),
            Some(path) => {
                let size = member.size();
                write_member(&folder.join(path), size, &mut member)?;
                unpacked.files += 1;
            }
        }
    }
    Ok(unpacked)
}

fn open(archive: &Path) -> Result<ZipArchive<BufReader<File>>> {
    Ok(ZipArchive::new(BufReader::new(File::open(archive)?))?)
}
