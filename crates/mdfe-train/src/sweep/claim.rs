//! The folder of a sweep and those of its runs.

use crate::{
    Checkpoints, Error, Result,
    pipeline::{Claim, Claimed, RunFolder, RunRecord},
};
use mdfe_data::files::Lock;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Asks whether a run may use the folder `path`, as a sweep does: what is finished is used, what is not goes on, and what was stopped before its
/// first checkpoint begins again. Writes nothing.
///
/// # Errors
/// Those of [`RunFolder::claim`]: a folder of another experiment is refused.
pub fn claim(path: PathBuf, experiment: &Value, overwrite: bool) -> Result<Claimed> {
    let claim = match RunRecord::read(&path)? {
        _ if overwrite => Claim::Overwrite,
        None => Claim::Begin,
        Some(_) => Claim::Resume,
    };
    let claimed = RunFolder::claim(path.clone(), experiment, claim)?;
    match &claimed {
        Claimed::Ready(folder) if claim == Claim::Resume => {
            match Checkpoints::new(folder.checkpoints(), 1).newest()? {
                Some(_) => Ok(claimed),
                None => RunFolder::claim(path, experiment, Claim::Overwrite),
            }
        }
        _ => Ok(claimed),
    }
}

/// Takes the folder of a sweep, which is created, for as long as the lock lives; a folder that holds anything else is refused. Where another
/// process works in it, `waits` is called once, and the call waits for it.
///
/// # Errors
/// [`Error::RunFolder`] says what is there; [`Error::Io`] and [`Error::Store`] when the folder can't be read or made.
pub fn hold_folder(dir: &Path, waits: impl FnOnce()) -> Result<Lock> {
    std::fs::create_dir_all(dir).map_err(Error::io("create", dir))?;
    for entry in std::fs::read_dir(dir).map_err(Error::io("read", dir))? {
        let name = entry.map_err(Error::io("read", dir))?.file_name();
        let name = name.to_string_lossy();
        // `.sweep.json.1234` is what a kill leaves of a file that was being written.
        if name != "runs" && !name.starts_with("sweep.") && !name.starts_with('.') {
            let problem =
                format!("{} holds {name}, which is no sweep's; give another --output", dir.display());
            return Err(Error::RunFolder { path: dir.to_path_buf(), problem });
        }
    }
    Ok(Lock::take(&dir.join(".sweep.lock"), waits)?)
}
