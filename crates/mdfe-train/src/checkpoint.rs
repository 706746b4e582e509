//! Checkpoints: one safetensors file each, written beside its place and renamed into it.

mod saved;

pub(crate) use saved::saved_params;

use crate::{Error, Result, TrainState, ValidState, files};
use mdfe_loss::LossState;
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

/// The checkpoints of a run, in a folder.
#[derive(Clone, Debug)]
pub struct Checkpoints {
    dir: PathBuf,
    keep: usize,
}

/// The part of a checkpoint that is no tensor.
#[derive(Serialize, Deserialize)]
struct Record {
    format: String,
    step: usize,
    losses: Vec<LossState>,
    validation: ValidState,
    /// Recipe and data that the checkpoint belongs to.
    experiment: Value,
}

const FORMAT: &str = "mdfe-checkpoint-3";
const HEADER_KEY: &str = "mdfe";
const PREFIX: &str = "checkpoint-";
const SUFFIX: &str = ".safetensors";
const BEST: &str = "best.safetensors";

/// Why a checkpoint is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// To go on from; older ones make room.
    Step,
    /// The best so far, one file of its own.
    Best,
}

impl Checkpoints {
    /// Checkpoints in `dir`, which is made with the first of them; the newest `keep` (at least one) stay.
    pub fn new(dir: impl Into<PathBuf>, keep: usize) -> Self {
        Self { dir: dir.into(), keep: keep.max(1) }
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The newest checkpoint's file.
    ///
    /// # Errors
    /// [`Error::Io`] when the folder can't be read.
    pub fn newest(&self) -> Result<Option<PathBuf>> {
        Ok(self.all()?.pop())
    }

    /// The file of the best checkpoint, which is there once validation has found one.
    pub fn best(&self) -> PathBuf {
        self.dir.join(BEST)
    }

    /// The checkpoint after so many steps.
    pub fn at(&self, step: usize) -> PathBuf {
        self.dir.join(format!("{PREFIX}{step:08}{SUFFIX}"))
    }

    /// Writes the state; for [`Kind::Step`], older checkpoints beyond the number to keep, and those of later steps, are deleted then.
    /// Returns its file.
    pub(crate) fn save(&self, state: &mut TrainState, experiment: &Value, kind: Kind) -> Result<PathBuf> {
        let path = match kind {
            Kind::Step => self.at(state.step),
            Kind::Best => self.best(),
        };
        let record = Record {
            format: FORMAT.into(),
            step: state.step,
            losses: state.losses.clone(),
            validation: state.validation,
            experiment: experiment.clone(),
        };
        let bad = |reason: String| Error::Checkpoint { path: path.clone(), reason };
        let record = serde_json::to_string(&record).map_err(|e| bad(e.to_string()))?;
        let tensors: Vec<_> = state
            .tensors()
            .map(|(name, values)| (name, values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>()))
            .collect();
        let views = tensors.iter().map(|(name, bytes)| {
            TensorView::new(Dtype::F32, vec![bytes.len() / 4], bytes).map(|view| (name.as_str(), view))
        });
        let views = views.collect::<std::result::Result<Vec<_>, _>>().map_err(|e| bad(e.to_string()))?;
        let header = HashMap::from([(HEADER_KEY.to_owned(), record)]);
        let bytes = safetensors::serialize(views, Some(header)).map_err(|e| bad(e.to_string()))?;
        files::write(&path, &bytes)?;
        if kind == Kind::Best {
            return Ok(path);
        }
        let mut all = self.all()?;
        // What lies beyond this step is left from an earlier run in the same folder, and would be taken for newer.
        let beyond =
            all.split_off(all.iter().position(|other| *other == path).map_or(all.len(), |at| at + 1));
        for old in all[..all.len().saturating_sub(self.keep)].iter().chain(&beyond) {
            std::fs::remove_file(old).map_err(Error::io("delete", old))?;
        }
        Ok(path)
    }

    /// Reads a checkpoint into a state of the same shapes.
    ///
    /// # Errors
    /// [`Error::OtherExperiment`] names the keys in which `experiment` differs; [`Error::Checkpoint`] for a damaged file.
    pub(crate) fn load(&self, path: &Path, state: &mut TrainState, experiment: &Value) -> Result<()> {
        let bytes = std::fs::read(path).map_err(Error::io("read", path))?;
        let bad = |reason: String| Error::Checkpoint { path: path.to_path_buf(), reason };
        let (_, header) = SafeTensors::read_metadata(&bytes).map_err(|e| bad(e.to_string()))?;
        let record = header.metadata().as_ref().and_then(|all| all.get(HEADER_KEY));
        let record = record.ok_or_else(|| bad(format!("it has no metadata key `{HEADER_KEY}`")))?;
        let record: Record = serde_json::from_str(record).map_err(|e| bad(e.to_string()))?;
        if record.format != FORMAT {
            return Err(bad(format!("its format is {}, this build reads {FORMAT}", record.format)));
        }
        let mut keys = Vec::new();
        differences("", &record.experiment, experiment, &mut keys);
        if !keys.is_empty() {
            return Err(Error::OtherExperiment { path: path.to_path_buf(), keys: keys.join(", ") });
        }
        let file = SafeTensors::deserialize(&bytes).map_err(|e| bad(e.to_string()))?;
        // All are found first, so that a refusal leaves the state as it was.
        let mut found = Vec::new();
        for (name, values) in state.tensors() {
            let tensor = file.tensor(&name).map_err(|_| bad(format!("tensor `{name}` is missing")))?;
            if tensor.dtype() != Dtype::F32 || tensor.data().len() != values.len() * 4 {
                return Err(bad(format!("tensor `{name}` does not hold {} f32 values", values.len())));
            }
            found.push(tensor);
        }
        for ((_, values), tensor) in state.tensors().zip(found) {
            values.iter_mut().zip(floats(&tensor)).for_each(|(value, read)| *value = read);
        }
        (state.step, state.losses, state.validation) = (record.step, record.losses, record.validation);
        Ok(())
    }

    /// All checkpoints, the oldest first.
    fn all(&self) -> Result<Vec<PathBuf>> {
        let mut found = Vec::new();
        if !self.dir.exists() {
            return Ok(found);
        }
        for entry in std::fs::read_dir(&self.dir).map_err(Error::io("read", &self.dir))? {
            let path = entry.map_err(Error::io("read", &self.dir))?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if name.starts_with(PREFIX) && name.ends_with(SUFFIX) {
                found.push(path);
            }
        }
        found.sort();
        Ok(found)
    }
}

/// The values of an f32 tensor.
fn floats<'d>(tensor: &TensorView<'d>) -> impl Iterator<Item = f32> + use<'d> {
    tensor.data().as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes))
}

/// Lists where two records differ: `train.seed (1 there, 2 here)`.
pub(crate) fn differences(key: &str, there: &Value, here: &Value, found: &mut Vec<String>) {
    if let (Value::Object(a), Value::Object(b)) = (there, here) {
        for name in a.keys().chain(b.keys().filter(|name| !a.contains_key(*name))) {
            let key = match key {
                "" | "recipe" => name.clone(),
                key => format!("{key}.{name}"),
            };
            let get = |map: &serde_json::Map<String, Value>| map.get(name).cloned().unwrap_or_default();
            differences(&key, &get(a), &get(b), found);
        }
    } else if there != here {
        found.push(format!("{key} ({there} there, {here} here)"));
    }
}
