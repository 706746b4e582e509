//! Beginning with what another training has learnt.

use super::{Lineage, RunFolder};
use crate::{Error, Param, Result, checkpoint::saved_params};
use mdfe_data::identity::Fingerprint;
use mdfe_model::EmbedderFile;
use std::path::{Path, PathBuf};

/// What a run begins with, in place of random values.
#[derive(Clone, Debug)]
pub struct WarmStart {
    /// Parameters by name.
    pub params: Vec<Param>,
    /// Where they come from.
    pub lineage: Lineage,
}

impl WarmStart {
    /// The parameters of a run folder (its best checkpoint, else its newest, else its embedder), of a checkpoint or of an embedder.
    ///
    /// # Errors
    /// [`Error::NoCheckpoint`] for a folder without any of them, [`Error::Checkpoint`] for a file that holds no parameters.
    pub fn open(path: &Path) -> Result<Self> {
        let file = file_of(path)?;
        let params = saved_params(&file)?;
        let lineage = Lineage {
            from: path.display().to_string(),
            fingerprint: Fingerprint::of_file(&file)?,
            params: params.iter().map(|param| param.name.clone()).collect(),
        };
        Ok(Self { params, lineage })
    }
}

fn file_of(path: &Path) -> Result<PathBuf> {
    if !path.is_dir() {
        return Ok(path.to_path_buf());
    }
    let embedder = path.join(EmbedderFile::FILE);
    match RunFolder::checkpoint(path, super::Which::Best) {
        Ok(found) => Ok(found),
        Err(Error::NoCheckpoint { .. }) if embedder.exists() => Ok(embedder),
        Err(error) => Err(error),
    }
}

/// A run that begins with nothing of what it was given would be another experiment than its user thinks.
pub(super) fn expect_taken(start: &WarmStart, taken: &[String]) -> Result<()> {
    if taken.is_empty() {
        let has = start.lineage.params.join(", ");
        return Err(Error::Data(format!(
            "nothing of {} fits this training: it holds {has}, of other sizes; give another train.init",
            start.lineage.from
        )));
    }
    Ok(())
}
