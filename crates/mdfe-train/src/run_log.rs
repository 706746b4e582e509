//! The record of a training in its run folder: metrics as JSON lines, curves, and what TensorBoard reads.

mod curve;
mod lines;

use crate::{
    Error, Observer, Result, Scalar, StepReport, files,
    records::{EventFile, Tagged},
};
use lines::Line;
use std::{
    collections::BTreeMap,
    fs::{File, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
};

/// Writes `metrics.jsonl`, one [`StepReport`] or [`Scalar`] a line, and TensorBoard's event file under `tensorboard/`; draws `loss.svg`,
/// `lr.svg`, and, where there are scalars, `valid.svg`.
pub struct RunLog {
    dir: PathBuf,
    file: File,
    events: EventFile,
    lines: Vec<Line>,
}

impl RunLog {
    /// File name of the metrics.
    pub const METRICS: &str = "metrics.jsonl";
    /// Folder of the event file.
    pub const TENSORBOARD: &str = "tensorboard";
    /// File names of the curves.
    pub const CURVES: [&str; 3] = ["loss.svg", "lr.svg", "valid.svg"];

    /// A log in `dir`, which is created. What is there of steps before `first_step` is kept, so that a resumed run has one whole record.
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::Store`] when the folder or a file can't be written, [`Error::Data`] for a record that is not ours.
    pub fn new(dir: impl Into<PathBuf>, first_step: usize) -> Result<Self> {
        let dir = dir.into();
        std::fs::create_dir_all(&dir).map_err(Error::io("create", &dir))?;
        let path = dir.join(Self::METRICS);
        let lines = if first_step > 0 { lines::earlier(&path, first_step)? } else { Vec::new() };
        let kept = lines.iter().map(|line| line.text(&path)).collect::<Result<String>>()?;
        files::write(&path, kept.as_bytes())?;
        let file = OpenOptions::new().append(true).open(&path).map_err(Error::io("write", &path))?;
        let mut events = EventFile::open(&dir.join(Self::TENSORBOARD), first_step)?;
        // What an earlier build or a crash of the system left without an event gets one, with the time of now.
        let last = events.last_step();
        lines
            .iter()
            .filter(|line| Some(line.step()) > last)
            .try_for_each(|line| write_event(&mut events, line))?;
        Ok(Self { dir, file, events, lines })
    }

    /// Draws the curves and closes the log.
    ///
    /// # Errors
    /// [`Error::Store`] or [`Error::Curve`] when a file can't be written.
    pub fn finish(self) -> Result<()> {
        let reports: Vec<&StepReport> = self.lines.iter().filter_map(Line::report).collect();
        let of = |value: fn(&StepReport) -> f64| {
            reports.iter().map(|report| (report.step as f64, value(report))).collect::<Vec<_>>()
        };
        let [loss, lr, valid] = Self::CURVES.map(|name| self.dir.join(name));
        curve::draw(&loss, "loss", &[curve::Series::mean_of("", &of(|report| report.loss))])?;
        curve::draw(&lr, "learning rate", &[curve::Series::mean_of("", &of(|report| report.lr))])?;
        let mut scalars: BTreeMap<&str, Vec<(f64, f64)>> = BTreeMap::new();
        for scalar in self.lines.iter().filter_map(Line::scalar) {
            scalars.entry(&scalar.name).or_default().push((scalar.step as f64, scalar.value));
        }
        if scalars.is_empty() {
            return Ok(());
        }
        let series: Vec<_> =
            scalars.iter().map(|(name, points)| curve::Series::mean_of(name, points)).collect();
        curve::draw(&valid, "validation", &series)
    }

    /// Every line goes to the system at once: a run that is killed after a checkpoint has the lines of all steps before it.
    fn push(&mut self, line: Line) -> Result<()> {
        let path = self.dir.join(Self::METRICS);
        self.file.write_all(line.text(&path)?.as_bytes()).map_err(Error::io("write", &path))?;
        write_event(&mut self.events, &line)?;
        self.lines.push(line);
        Ok(())
    }
}

impl Observer for RunLog {
    fn step(&mut self, report: &StepReport) -> Result<()> {
        self.push(Line::Report(*report))
    }

    fn scalar(&mut self, scalar: &Scalar) -> Result<()> {
        self.push(Line::Scalar(scalar.clone()))
    }
}

/// Writes a line as TensorBoard reads it.
fn write_event(events: &mut EventFile, line: &Line) -> Result<()> {
    match line {
        Line::Report(report) => {
            let scalars = [
                Tagged { tag: "loss", value: report.loss },
                Tagged { tag: "learning_rate", value: report.lr },
                Tagged { tag: "samples_per_s", value: report.samples_per_s },
                Tagged { tag: "epoch", value: report.epoch as f64 },
            ];
            events.write(report.step, &scalars)
        }
        Line::Scalar(Scalar { step, name, value }) => {
            events.write(*step, &[Tagged { tag: name, value: *value }])
        }
    }
}

/// The last report in the `metrics.jsonl` of a run folder; `None` where there is none yet.
///
/// # Errors
/// [`Error::Io`] for a file that can't be read, [`Error::Data`] for a last line that is not ours.
pub(crate) fn last_report(dir: &Path) -> Result<Option<StepReport>> {
    lines::last_report(&dir.join(RunLog::METRICS))
}
