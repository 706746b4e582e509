//! The scores of a sweep as a picture: a line for each combination, its mean, its spread and its runs.

use super::{Score, Summary, summary::find};
use plotters::{
    prelude::*,
    style::text_anchor::{HPos, Pos, VPos},
};

const WIDTH: u32 = 900;
/// Height of a combination.
const ROW: u32 = 26;
/// What stands above and below the combinations.
const FRAME: u32 = 90;
/// Width of a letter of a label, about.
const LETTER: usize = 7;
const FONT: (&str, u32) = ("sans-serif", 13);

/// A combination: what its line is called, and its score.
struct Entry<'s> {
    label: String,
    score: Option<&'s Score>,
}

/// mMP@k of the headline set, drawn; the raw features are a line through all.
pub(super) fn svg(summary: &Summary) -> Result<String, Box<dyn std::error::Error>> {
    let (set, metric) = (summary.headline(), format!("mMP@{}", summary.k));
    let entry = |row: &'_ super::Row| {
        let values = summary.keys.iter().filter_map(|key| row.settings.value(key));
        values.collect::<Vec<_>>().join(", ")
    };
    let entries: Vec<Entry<'_>> = summary
        .rows
        .iter()
        .map(|row| Entry { label: entry(row), score: row.score(set, None, &metric) })
        .collect();
    let raw = find(&summary.raw, set, None, &metric).map(|score| score.mean);
    let range = range(&entries, raw);
    let longest = entries.iter().map(|entry| entry.label.chars().count()).max().unwrap_or(0);
    let labels = u32::try_from((longest * LETTER + 24).clamp(60, WIDTH as usize / 2))?;
    let rows = entries.len().max(1);
    let height = FRAME + ROW * u32::try_from(rows)?;
    let mut text = String::new();
    {
        let area = SVGBackend::with_string(&mut text, (WIDTH, height)).into_drawing_area();
        area.fill(&WHITE)?;
        let mut chart = ChartBuilder::on(&area)
            .margin(12)
            .margin_left(labels)
            .x_label_area_size(46)
            .build_cartesian_2d(range, rows as f64..0.0)?;
        let desc =
            if raw.is_some() { format!("{metric} of {set} (grey line: raw features)") } else { metric };
        chart.configure_mesh().disable_y_mesh().y_labels(0).x_desc(desc).light_line_style(WHITE).draw()?;
        let grey = RGBColor(150, 150, 150);
        chart.draw_series(raw.map(|x| PathElement::new([(x, 0.0), (x, rows as f64)], grey)))?;
        let style = FONT.into_font().color(&BLACK).pos(Pos::new(HPos::Right, VPos::Center));
        for (i, Entry { label, score }) in entries.iter().enumerate() {
            let y = i as f64 + 0.5;
            let (_, pixel) = chart.backend_coord(&(0.0, y));
            area.draw(&Text::new(label.as_str(), (labels as i32 - 8, pixel), style.clone()))?;
            let Some(score) = score else { continue };
            let spread = score.spread.unwrap_or(0.0);
            let ends = [(score.mean - spread, y), (score.mean + spread, y)];
            chart.draw_series([PathElement::new(ends, BLUE.stroke_width(2))])?;
            chart.draw_series(score.values.iter().map(|&x| Circle::new((x, y), 2, grey.filled())))?;
            chart.draw_series([Circle::new((score.mean, y), 4, BLUE.filled())])?;
        }
        area.present()?;
    }
    Ok(text)
}

/// From the least to the largest value, with some air.
fn range(entries: &[Entry<'_>], raw: Option<f64>) -> std::ops::Range<f64> {
    let scores = entries.iter().filter_map(|entry| entry.score);
    let ends = scores.flat_map(|score| {
        let spread = score.spread.unwrap_or(0.0);
        score.values.iter().copied().chain([score.mean - spread, score.mean + spread])
    });
    let all: Vec<f64> = ends.chain(raw).collect();
    let least = all.iter().copied().fold(f64::INFINITY, f64::min);
    let most = all.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if !least.is_finite() {
        return 0.0..1.0;
    }
    let air = ((most - least) * 0.05).max(0.005);
    least - air..most + air
}

#[cfg(test)]
mod tests {
    use super::super::summary::tests::summary;
    use super::*;

    #[test]
    fn every_combination_has_its_name_its_mean_and_its_runs() {
        let drawn = svg(&summary()).unwrap();
        for label in ["ArcFace", "Cos|Face", "mMP@5 of mean"] {
            assert!(drawn.contains(label), "{label} is not in\n{drawn}");
        }
        // Three runs and two, and two means.
        assert_eq!(drawn.matches("<circle").count(), 7);
        let empty = Summary { rows: Vec::new(), raw: Vec::new(), ..summary() };
        assert!(svg(&empty).unwrap().contains("svg"), "a sweep of which every run failed has a picture, too");
    }
}
