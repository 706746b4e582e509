//! Several queries as one.

use crate::{Error, Result};

/// Rows of another length than 1 by more than this are brought to it; the others stay as they are, to the bit.
const UNIT: f64 = 1e-4;

/// One query from several: the mean of the directions of `plus`, less those of `minus`, brought to unit length `[D]`. Each weighs alike,
/// whatever its length.
///
/// # Errors
/// [`Error::NothingLeft`] when they cancel each other or there is none, [`Error::Dim`] when their widths differ.
pub fn combine(plus: &[&[f32]], minus: &[&[f32]]) -> Result<Vec<f32>> {
    let dim = plus.iter().chain(minus).next().map_or(0, |row| row.len());
    let mut sum = vec![0.0f64; dim];
    let weighted = plus.iter().map(|row| (row, 1.0)).chain(minus.iter().map(|row| (row, -1.0)));
    for (row, weight) in weighted {
        if row.len() != dim {
            return Err(Error::Dim { what: "one of the queries has", got: row.len(), dim });
        }
        let length = norm(row);
        if length > 0.0 {
            sum.iter_mut().zip(*row).for_each(|(sum, v)| *sum += weight * f64::from(*v) / length);
        }
    }
    let length = sum.iter().map(|v| v * v).sum::<f64>().sqrt();
    // What two equal directions leave of each other is rounding.
    if length.is_nan() || length < 1e-6 {
        return Err(Error::NothingLeft);
    }
    Ok(sum.iter().map(|v| (v / length) as f32).collect())
}

/// Brings rows `[n, D]` to unit length; a row of zeros stays.
pub(crate) fn unit_rows(values: &mut [f32], dim: usize) {
    for row in values.chunks_exact_mut(dim.max(1)) {
        let length = norm(row);
        if (length - 1.0).abs() > UNIT && length > 0.0 {
            row.iter_mut().for_each(|v| *v = (f64::from(*v) / length) as f32);
        }
    }
}

fn norm(row: &[f32]) -> f64 {
    row.iter().map(|v| f64::from(*v) * f64::from(*v)).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directions_weigh_alike_and_what_cancels_is_refused() {
        let (x, y): (&[f32], &[f32]) = (&[3.0, 0.0], &[0.0, 0.5]);
        let both = combine(&[x, y], &[]).unwrap();
        assert!(both.iter().all(|v| (f64::from(*v) - 0.5f64.sqrt()).abs() < 1e-7), "{both:?}");
        assert_eq!(combine(&[x], &[&[-1.0, 0.0]]).unwrap(), [1.0, 0.0]);
        assert!(matches!(combine(&[x], &[&[0.1, 0.0]]), Err(Error::NothingLeft)));
        assert!(matches!(combine(&[], &[]), Err(Error::NothingLeft)));
        assert!(matches!(combine(&[x, &[1.0]], &[]), Err(Error::Dim { got: 1, dim: 2, .. })));
    }
}
