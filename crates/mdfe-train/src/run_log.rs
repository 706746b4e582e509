//! The record of a training in its run folder: metrics as JSON lines.

mod curve;

use crate::{Error, Observer, Result, StepReport, ValidReport, files};
use serde::{Serialize, de::DeserializeOwned};
use std::{
    fs::{File, OpenOptions},
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
};

/// Writes `metrics.jsonl`, one [`StepReport`] a line, and draws `loss.svg` and `lr.svg`.
pub struct RunLog {
    dir: PathBuf,
    file: File,
    reports: Vec<StepReport>,
    validations: Vec<ValidReport>,
}

impl RunLog {
    /// File name of the metrics.
    pub const METRICS: &str = "metrics.jsonl";

    /// File name of the validations.
    pub const VALIDATION: &str = "validation.jsonl";

    /// A log in `dir`, which is created. Lines of steps before `first_step` are kept, so that a resumed run has one whole record.
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::Store`] when the folder or the file can't be written, [`Error::Data`] for a record that is not ours.
    pub fn new(dir: impl Into<PathBuf>, first_step: usize) -> Result<Self> {
        let dir = dir.into();
        std::fs::create_dir_all(&dir).map_err(Error::io("create", &dir))?;
        let path = dir.join(Self::METRICS);
        let reports: Vec<StepReport> = if first_step > 0 { earlier(&path)? } else { Vec::new() };
        let reports: Vec<_> = reports.into_iter().filter(|report| report.step < first_step).collect();
        let path_of_validations = dir.join(Self::VALIDATION);
        let validations: Vec<ValidReport> =
            if first_step > 0 { earlier(&path_of_validations)? } else { Vec::new() };
        let validations: Vec<_> =
            validations.into_iter().filter(|report| report.step <= first_step).collect();
        let kept = reports.iter().map(|report| line(report, &path)).collect::<Result<String>>()?;
        files::write(&path, kept.as_bytes())?;
        let file = OpenOptions::new().append(true).open(&path).map_err(Error::io("write", &path))?;
        let log = Self { dir, file, reports, validations };
        if !log.validations.is_empty() || path_of_validations.exists() {
            log.write_validations()?;
        }
        Ok(log)
    }

    /// They are few, so that the file is written anew each time.
    fn write_validations(&self) -> Result<()> {
        let path = self.dir.join(Self::VALIDATION);
        let lines = self.validations.iter().map(|report| line(report, &path)).collect::<Result<String>>()?;
        files::write(&path, lines.as_bytes())
    }

    /// Draws the curves and closes the log.
    ///
    /// # Errors
    /// [`Error::Store`] or [`Error::Curve`] when a file can't be written.
    pub fn finish(self) -> Result<()> {
        curve::draw(&self.dir.join("loss.svg"), "loss", &self.reports, |report| report.loss)?;
        curve::draw(&self.dir.join("lr.svg"), "learning rate", &self.reports, |report| report.lr)
    }
}

impl Observer for RunLog {
    /// Every line goes to the system at once: a run that is killed after a checkpoint has the lines of all steps before it.
    fn step(&mut self, report: &StepReport) -> Result<()> {
        let path = self.dir.join(Self::METRICS);
        let line = line(report, &path)?;
        self.file.write_all(line.as_bytes()).map_err(Error::io("write", &path))?;
        self.reports.push(*report);
        Ok(())
    }

    fn validated(&mut self, report: &ValidReport) -> Result<()> {
        self.validations.push(*report);
        self.write_validations()
    }
}

fn line(report: &impl Serialize, path: &Path) -> Result<String> {
    let text = serde_json::to_string(report).map_err(|e| Error::io("write", path)(e.into()))?;
    Ok(text + "\n")
}

/// The reports in a file; none where there is no file.
fn earlier<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>> {
    let text = match std::fs::read_to_string(path) {
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        read => read.map_err(Error::io("read", path))?,
    };
    let mut reports = Vec::new();
    for (number, line) in text.split_inclusive('\n').enumerate() {
        // A killed run may have left half a line, which is of a step that will be done again.
        let Some(line) = line.strip_suffix('\n') else { break };
        let report: T = serde_json::from_str(line).map_err(|e| {
            let (path, number) = (path.display(), number + 1);
            Error::Data(format!(
                "line {number} of {path} is no report of a step ({e}); mend or delete the file"
            ))
        })?;
        reports.push(report);
    }
    Ok(reports)
}
