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
    let text = text(path)?;
    let read = |(i, line)| Line::read(line).map_err(|e| no_report(path, i, &e));
    let mut lines = whole(&text).enumerate().map(read).collect::<Result<Vec<_>>>()?;
    lines.retain(|line| line.step() < first_step);
    Ok(lines)
}

/// The last report, without a look at the lines before it.
pub(super) fn last_report(path: &Path) -> Result<Option<StepReport>> {
    let text = text(path)?;
    let lines: Vec<&str> = whole(&text).collect();
    for (i, line) in lines.into_iter().enumerate().rev() {
        if let Line::Report(report) = Line::read(line).map_err(|e| no_report(path, i, &e))? {
            return Ok(Some(report));
        }
    }
    Ok(None)
}

/// The text of the file; empty where there is none.
fn text(path: &Path) -> Result<String> {
    match std::fs::read_to_string(path) {
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(String::new()),
        read => read.map_err(Error::io("read", path)),
    }
}

/// The whole lines. A killed run may have left half of one, which is of a step that will be done again.
fn whole(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive('\n').map_while(|line| line.strip_suffix('\n'))
}

fn no_report(path: &Path, i: usize, error: &serde_json::Error) -> Error {
    let (path, number) = (path.display(), i + 1);
    Error::Data(format!("line {number} of {path} is no report of a step ({error}); mend or delete the file"))
}
