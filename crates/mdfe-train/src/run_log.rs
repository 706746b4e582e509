//! The record of a training in its run folder: metrics as JSON lines, curves as SVG.

use crate::{Error, Observer, Result, StepReport};
use plotters::prelude::*;
use std::{
    fs::File,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};

/// Writes `metrics.jsonl`, one [`StepReport`] a line, and draws `loss.svg` and `lr.svg`.
pub struct RunLog {
    dir: PathBuf,
    file: BufWriter<File>,
    reports: Vec<StepReport>,
}

impl RunLog {
    /// File name of the metrics.
    pub const METRICS: &str = "metrics.jsonl";

    /// A log in `dir`, which is created. Lines of steps before `first_step` are kept, so that a resumed run has one whole record.
    ///
    /// # Errors
    /// [`Error::Io`] when the folder or the file can't be written.
    pub fn new(dir: impl Into<PathBuf>, first_step: usize) -> Result<Self> {
        let dir = dir.into();
        std::fs::create_dir_all(&dir).map_err(Error::io("create", &dir))?;
        let path = dir.join(Self::METRICS);
        let text =
            if first_step > 0 { std::fs::read_to_string(&path).unwrap_or_default() } else { String::new() };
        // A killed run may have left half a line, which is of a step that will be done again.
        let reports: Vec<StepReport> = text
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .filter(|report: &StepReport| report.step < first_step)
            .collect();
        let file = BufWriter::new(File::create(&path).map_err(Error::io("create", &path))?);
        let mut log = Self { dir, file, reports: Vec::new() };
        reports.iter().try_for_each(|report| log.step(report))?;
        Ok(log)
    }

    /// Draws the curves and closes the log.
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::Curve`] when a file can't be written.
    pub fn finish(mut self) -> Result<()> {
        let path = self.dir.join(Self::METRICS);
        self.file.flush().map_err(Error::io("write", &path))?;
        curve(&self.dir.join("loss.svg"), "loss", &self.reports, |report| report.loss)?;
        curve(&self.dir.join("lr.svg"), "learning rate", &self.reports, |report| report.lr)
    }
}

impl Observer for RunLog {
    fn step(&mut self, report: &StepReport) -> Result<()> {
        let path = self.dir.join(Self::METRICS);
        let line = serde_json::to_string(report).unwrap_or_default();
        writeln!(self.file, "{line}").map_err(Error::io("write", &path))?;
        self.reports.push(*report);
        Ok(())
    }
}

/// Points of a curve at most: more are no finer on paper. A point is the mean of the steps that it stands for.
const POINTS: usize = 1000;

fn curve(path: &Path, title: &str, reports: &[StepReport], value: impl Fn(&StepReport) -> f64) -> Result<()> {
    let group = reports.len().div_ceil(POINTS).max(1);
    let points: Vec<(f64, f64)> = reports
        .chunks(group)
        .map(|part| (part[0].step as f64, part.iter().map(&value).sum::<f64>() / part.len() as f64))
        .collect();
    let top = points.iter().map(|p| p.1).fold(0.0, f64::max).max(1e-12) * 1.05;
    let right = points.last().map_or(1.0, |p| p.0).max(1.0);
    let draw = || -> std::result::Result<(), Box<dyn std::error::Error>> {
        let area = SVGBackend::new(path, (800, 450)).into_drawing_area();
        area.fill(&WHITE)?;
        let mut chart = ChartBuilder::on(&area)
            .margin(12)
            .x_label_area_size(40)
            .y_label_area_size(70)
            .build_cartesian_2d(0.0..right, 0.0..top)?;
        chart.configure_mesh().x_desc("step").y_desc(title).light_line_style(WHITE).draw()?;
        chart.draw_series(LineSeries::new(points.iter().copied(), &BLUE))?;
        area.present()?;
        Ok(())
    };
    draw().map_err(|e| Error::Curve { path: path.to_path_buf(), reason: e.to_string() })
}
