//! A value over the steps, drawn.

use crate::{Error, Result, StepReport, files};
use plotters::prelude::*;
use std::path::Path;

/// Points of a curve at most: more are no finer on paper. A point is the mean of the steps that it stands for.
const POINTS: usize = 1000;
const SIZE: (u32, u32) = (800, 450);

/// Draws the curve of a value into an SVG file.
///
/// # Errors
/// [`Error::Curve`] when it can't be drawn, [`Error::Store`] when the file can't be written.
pub(super) fn draw(
    path: &Path,
    title: &str,
    reports: &[StepReport],
    value: impl Fn(&StepReport) -> f64,
) -> Result<()> {
    let group = reports.len().div_ceil(POINTS).max(1);
    let points: Vec<(f64, f64)> = reports
        .chunks(group)
        .map(|part| (part[0].step as f64, part.iter().map(&value).sum::<f64>() / part.len() as f64))
        .collect();
    let drawn = svg(title, &points);
    let drawn = drawn.map_err(|e| Error::Curve { path: path.to_path_buf(), reason: e.to_string() })?;
    files::write(path, drawn.as_bytes())
}

fn svg(title: &str, points: &[(f64, f64)]) -> std::result::Result<String, Box<dyn std::error::Error>> {
    let top = points.iter().map(|&(_, y)| y).fold(0.0, f64::max).max(1e-12) * 1.05;
    let right = points.last().map_or(1.0, |&(x, _)| x).max(1.0);
    let mut text = String::new();
    {
        let area = SVGBackend::with_string(&mut text, SIZE).into_drawing_area();
        area.fill(&WHITE)?;
        let mut chart = ChartBuilder::on(&area)
            .margin(12)
            .x_label_area_size(40)
            .y_label_area_size(70)
            .build_cartesian_2d(0.0..right, 0.0..top)?;
        chart.configure_mesh().x_desc("step").y_desc(title).light_line_style(WHITE).draw()?;
        chart.draw_series(LineSeries::new(points.iter().copied(), &BLUE))?;
        area.present()?;
    }
    Ok(text)
}
