//! The embeddings in two dimensions.

use crate::{Retrieved, thumbnails::Thumbnails};
use mdfe_eval::Rows;
use serde::Serialize;

/// Pixels of a thumbnail's longer side.
const SIDE: u32 = 48;
/// Points at most: more are a cloud, and each has a thumbnail.
const POINTS: usize = 2500;

/// A query on the map.
#[derive(Debug, Serialize)]
struct Point {
    x: f32,
    y: f32,
    image: usize,
    label: Option<String>,
    domain: Option<String>,
    /// Whether its nearest neighbour is relevant; `None` where nothing is.
    right: Option<bool>,
}

/// The map.
#[derive(Debug, Serialize)]
pub(crate) struct Map {
    /// Which share of the variance the two axes show.
    share: f64,
    points: Vec<Point>,
}

impl Map {
    /// The queries' embeddings on their first two principal components; evenly chosen queries where there are many.
    pub(crate) fn new(found: &Retrieved<'_>, rows: Rows<'_>, thumbnails: &mut Thumbnails) -> Self {
        let step = rows.len().div_ceil(POINTS).max(1);
        let chosen: Vec<usize> = (0..rows.len()).step_by(step).collect();
        let (places, share) = principal(rows, &chosen);
        let point = |(&query, [x, y]): (&usize, [f32; 2])| {
            let (row, scores) = (&found.query[query], &found.scores.queries[query]);
            let first = scores.neighbours.first().filter(|_| scores.relevant > 0);
            Point {
                x,
                y,
                image: thumbnails.of(&row.path, SIDE),
                label: row.label.clone(),
                domain: row.domain.clone(),
                right: first.map(|first| first.relevant),
            }
        };
        Self { share, points: chosen.iter().zip(places).map(point).collect() }
    }
}

/// The places of the chosen rows on the first two principal components of all chosen, and which share of the variance those show.
///
/// The components come from repeated multiplication of two directions by the covariance, orthonormal after each: the two largest
/// eigenvectors wherever they are apart from the third.
fn principal(rows: Rows<'_>, chosen: &[usize]) -> (Vec<[f32; 2]>, f64) {
    let (dim, count) = (rows.dim(), chosen.len().max(1) as f64);
    let mut mean = vec![0.0f64; dim];
    for &row in chosen {
        mean.iter_mut().zip(rows.row(row)).for_each(|(mean, &value)| *mean += f64::from(value) / count);
    }
    let centred =
        |row: usize| rows.row(row).iter().zip(&mean).map(|(&v, m)| f64::from(v) - m).collect::<Vec<f64>>();
    let mut covariance = vec![0.0f64; dim * dim];
    let mut variance = 0.0;
    for &row in chosen {
        let values = centred(row);
        variance += dot(&values, &values) / count;
        for (line, a) in covariance.chunks_exact_mut(dim).zip(&values) {
            line.iter_mut().zip(&values).for_each(|(sum, b)| *sum += a * b / count);
        }
    }
    // Any start will do that is not orthogonal to what is sought.
    let mut axes =
        [0, 1].map(|axis| (0..dim).map(|d| ((d * (axis + 1) + 1) as f64).sin()).collect::<Vec<f64>>());
    for _ in 0..300 {
        for axis in &mut axes {
            *axis = covariance.chunks_exact(dim).map(|line| dot(line, axis)).collect();
        }
        let [first, second] = &mut axes;
        unit(first);
        let along = dot(first, second);
        second.iter_mut().zip(&*first).for_each(|(b, a)| *b -= along * a);
        unit(second);
    }
    let places: Vec<[f64; 2]> =
        chosen.iter().map(|&row| [0, 1].map(|axis| dot(&centred(row), &axes[axis]))).collect();
    let shown = places.iter().map(|[x, y]| x * x + y * y).sum::<f64>() / count;
    let share = if variance > 0.0 { shown / variance } else { 1.0 };
    (places.into_iter().map(|[x, y]| [x as f32, y as f32]).collect(), share)
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn unit(values: &mut [f64]) {
    let norm = dot(values, values).sqrt().max(1e-300);
    values.iter_mut().for_each(|value| *value /= norm);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Points on an ellipse in the plane of two directions of five dimensions: the axes are found, the longer one first.
    #[test]
    #[allow(clippy::unwrap_used)]
    fn the_axes_are_the_directions_of_most_variance() {
        let (long, short) = ([0.6, 0.0, 0.8, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0, 0.0]);
        let angle = |i: usize| i as f64 * std::f64::consts::TAU / 40.0;
        let values: Vec<f32> = (0..40)
            .flat_map(|i| {
                (0..5).map(move |d| (7.0 + 3.0 * angle(i).cos() * long[d] + angle(i).sin() * short[d]) as f32)
            })
            .collect();
        let chosen: Vec<usize> = (0..40).collect();
        let (places, share) = principal(Rows::new(&values, 5).unwrap(), &chosen);
        assert!((share - 1.0).abs() < 1e-6, "{share}");
        for (i, [x, y]) in places.iter().enumerate() {
            assert!((f64::from(x.abs()) - 3.0 * angle(i).cos().abs()).abs() < 1e-4, "{i}: {x}");
            assert!((f64::from(y.abs()) - angle(i).sin().abs()).abs() < 1e-4, "{i}: {y}");
        }
    }
}
