//! `run.json`: which run a folder holds.

use crate::{Error, Result, checkpoint::differences, files};
use mdfe_data::{PreprocessRecord, identity::Fingerprint, store::BackboneId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::path::Path;

/// How far a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RunState {
    /// It has begun, and something stopped it or it still runs.
    Running,
    /// It has its scores and its embedder.
    Finished,
}

/// What a training went on from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lineage {
    /// The run folder, checkpoint or embedder, as it was named.
    pub from: String,
    /// Fingerprint of the file.
    pub fingerprint: Fingerprint,
    /// What it holds, by name.
    pub params: Vec<String>,
}

/// What a run folder belongs to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct RunRecord {
    pub(crate) format: String,
    /// Version of mdfe that wrote it.
    pub(crate) mdfe: String,
    pub(crate) state: RunState,
    /// The resolved experiment.
    pub(crate) experiment: Value,
    /// Fingerprint of the space.
    pub(crate) space: Fingerprint,
    /// Fingerprints of the training views, in order.
    pub(crate) train: Vec<Fingerprint>,
    /// The backbone; builds before this key did not record it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) backbone: Option<BackboneId>,
    /// The transform of test images.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) preprocess: Option<PreprocessRecord>,
    /// What its first stage began with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) lineage: Option<Lineage>,
    /// Fingerprints of the test sets' query and index views, in order.
    pub(crate) test: Vec<Fingerprint>,
}

/// Keys that decide how fast a run is, or where copies of it go, and not what comes out.
const SPEED: [(&str, &str); 4] =
    [("backbone", "batch"), ("backbone", "shard_rows"), ("train", "keep"), ("train", "upload")];

impl RunRecord {
    pub(crate) const FORMAT: &str = "mdfe-run-2";
    pub(crate) const FILE: &str = "run.json";

    /// The record in `dir`; `None` where there is none.
    pub(crate) fn read(dir: &Path) -> Result<Option<Self>> {
        let path = dir.join(Self::FILE);
        let text = match std::fs::read_to_string(&path) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            other => other.map_err(Error::io("read", &path))?,
        };
        let bad = |problem: String| Error::RunFolder { path: dir.to_path_buf(), problem };
        let record: Self = serde_json::from_str(&text).map_err(|e| {
            bad(format!("{} is not the record of a run ({e}); give another folder", path.display()))
        })?;
        if record.format != Self::FORMAT {
            return Err(bad(format!(
                "{} has the format {}, this build reads {}; give another folder",
                path.display(),
                record.format,
                Self::FORMAT
            )));
        }
        Ok(Some(record))
    }

    pub(crate) fn write(&self, dir: &Path) -> Result<()> {
        let path = dir.join(Self::FILE);
        let text = serde_json::to_string_pretty(self).map_err(|e| Error::io("write", &path)(e.into()))?;
        files::write(&path, format!("{text}\n").as_bytes())
    }

    /// The keys in which this run's experiment differs from another, with both values.
    pub(crate) fn differences(&self, experiment: &Value) -> Vec<String> {
        let mut found = Vec::new();
        differences("", &without_speed(&self.experiment), &without_speed(experiment), &mut found);
        found
    }
}

fn without_speed(experiment: &Value) -> Value {
    let mut out = experiment.clone();
    for (section, key) in SPEED {
        if let Some(section) = out.get_mut(section).and_then(Value::as_object_mut) {
            section.remove(key);
        }
    }
    out
}
