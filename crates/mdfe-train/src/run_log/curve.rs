//! Values over the steps, drawn.

use crate::{Error, Result, files};
use plotters::prelude::*;
use std::path::Path;

/// Points of a curve at most: more are no finer on paper. A point is the mean of the steps that it stands for.
const POINTS: usize = 1000;
const SIZE: (u32, u32) = (800, 450);
const COLOURS: [RGBColor; 6] = [BLUE, RED, GREEN, MAGENTA, CYAN, BLACK];

/// A curve: its name, empty where it is the only one, and its points, step and value.
pub(super) struct Series<'a> {
    name: &'a str,
    points: Vec<(f64, f64)>,
}

impl<'a> Series<'a> {
    /// At most [`POINTS`] points of these: each the mean of its neighbours, at the step of the first.
    pub(super) fn mean_of(name: &'a str, points: &[(f64, f64)]) -> Self {
        let group = points.len().div_ceil(POINTS).max(1);
        let mean = |part: &[(f64, f64)]| {
            (part[0].0, part.iter().map(|point| point.1).sum::<f64>() / part.len() as f64)
        };
        Self { name, points: points.chunks(group).map(mean).collect() }
    }
}

/// Draws curves into an SVG file.
///
/// # Errors
/// [`Error::Curve`] when it can't be drawn, [`Error::Store`] when the file can't be written.
pub(super) fn draw(path: &Path, title: &str, series: &[Series<'_>]) -> Result<()> {
    let drawn = svg(title, series);
    let drawn = drawn.map_err(|e| Error::Curve { path: path.to_path_buf(), reason: e.to_string() })?;
    files::write(path, drawn.as_bytes())
}

fn svg(title: &str, series: &[Series<'_>]) -> std::result::Result<String, Box<dyn std::error::Error>> {
    let points = || series.iter().flat_map(|one| &one.points);
    let top = points().map(|&(_, y)| y).fold(0.0, f64::max).max(1e-12) * 1.05;
    let right = points().map(|&(x, _)| x).fold(1.0, f64::max);
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
        for (one, colour) in series.iter().zip(COLOURS.iter().cycle()) {
            let line = chart.draw_series(LineSeries::new(one.points.iter().copied(), colour))?;
            if !one.name.is_empty() {
                line.label(one.name).legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], *colour));
            }
        }
        if series.iter().any(|one| !one.name.is_empty()) {
            chart.configure_series_labels().background_style(WHITE).border_style(BLACK).draw()?;
        }
        area.present()?;
    }
    Ok(text)
}
