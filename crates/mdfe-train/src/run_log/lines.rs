//! The lines of `metrics.jsonl`.

use crate::{Error, Result, Scalar, StepReport};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::{io::ErrorKind, path::Path};

/// A line.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub(super) enum Line {
    /// What a step reported.
    Report(StepReport),
    /// A value besides.
    Scalar(Scalar),
}

impl Line {
    pub(super) fn step(&self) -> usize {
        match self {
            Self::Report(report) => report.step,
            Self::Scalar(scalar) => scalar.step,
        }
    }

    pub(super) fn report(&self) -> Option<&StepReport> {
        match self {
            Self::Report(report) => Some(report),
            Self::Scalar(_) => None,
        }
    }

    pub(super) fn scalar(&self) -> Option<&Scalar> {
        match self {
            Self::Report(_) => None,
            Self::Scalar(scalar) => Some(scalar),
        }
    }

    /// The line as it stands in the file at `path`, which only a message needs.
    pub(super) fn text(&self, path: &Path) -> Result<String> {
        let text = serde_json::to_string(self).map_err(|e| Error::io("write", path)(e.into()))?;
        Ok(text + "\n")
    }

    /// Only a scalar has a name; so that what is wrong with a report is told by name, too.
    fn read(text: &str) -> serde_json::Result<Self> {
        fn of<T: DeserializeOwned>(value: Value) -> serde_json::Result<T> {
            serde_json::from_value(value)
        }
        let value: Value = serde_json::from_str(text)?;
        if value.get("name").is_some() { of(value).map(Self::Scalar) } else { of(value).map(Self::Report) }
    }
}

/// The lines of the steps before `first_step`; none where there is no file.
pub(super) fn earlier(path: &Path, first_step: usize) -> Result<Vec<Line>> {
    let text = match std::fs::read_to_string(path) {
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        read => read.map_err(Error::io("read", path))?,
    };
    let mut lines = Vec::new();
    for (number, line) in text.split_inclusive('\n').enumerate() {
        // A killed run may have left half a line, which is of a step that will be done again.
        let Some(line) = line.strip_suffix('\n') else { break };
        let line = Line::read(line).map_err(|e| {
            let (path, number) = (path.display(), number + 1);
            Error::Data(format!(
                "line {number} of {path} is no report of a step ({e}); mend or delete the file"
            ))
        })?;
        if line.step() < first_step {
            lines.push(line);
        }
    }
    Ok(lines)
}
