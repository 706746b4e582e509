//! A checked view of embeddings.

use crate::{Error, Result};

/// Embeddings (or features) as rows of `f32`, row-major `[rows, D]`, borrowed.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    data: &'a [f32],
    dim: usize,
}

impl<'a> Rows<'a> {
    /// Views `data` as rows of `dim` values. They are usually of unit length, but need not be.
    ///
    /// # Errors
    /// [`Error::ZeroDim`] when `dim` is 0, [`Error::Shape`] when `data` is no whole number of rows.
    pub fn new(data: &'a [f32], dim: usize) -> Result<Self> {
        if dim == 0 {
            return Err(Error::ZeroDim);
        }
        if !data.len().is_multiple_of(dim) {
            return Err(Error::Shape { len: data.len(), dim });
        }
        Ok(Self { data, dim })
    }

    /// Width of a row, D.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.data.len() / self.dim
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.data.is_empty()
    }

    /// One row, `[D]`. Panics, as a slice does, when there is no such row.
    pub fn row(&self, row: usize) -> &'a [f32] {
        &self.data[row * self.dim..(row + 1) * self.dim]
    }

    /// The rows in a range; panics, as a slice does, when there are no such rows.
    pub(crate) fn slice(&self, rows: std::ops::Range<usize>) -> Rows<'a> {
        Rows { data: &self.data[rows.start * self.dim..rows.end * self.dim], dim: self.dim }
    }

    /// Copies the given rows into a new matrix, `[rows.len(), D]`.
    pub(crate) fn gather(&self, rows: &[usize]) -> Vec<f32> {
        rows.iter().flat_map(|&r| self.row(r).iter().copied()).collect()
    }

    /// Checks every value and returns the squared L2 norms, `[rows]`, in f64.
    ///
    /// `what` is `query` or `index`, for the message.
    pub(crate) fn checked_norms(&self, what: &'static str) -> Result<Vec<f64>> {
        use rayon::prelude::*;
        if self.is_empty() {
            return Err(Error::Empty { what });
        }
        let norms: Vec<f64> =
            (0..self.len()).into_par_iter().map(|r| crate::knn::dot(self.row(r), self.row(r))).collect();
        // Products of two finite f32 are finite in f64, so only a NaN or an infinity makes a sum not finite.
        for (row, &square) in norms.iter().enumerate() {
            if !square.is_finite() {
                let bad = self.row(row).iter().enumerate().find(|(_, v)| !v.is_finite());
                if let Some((position, &value)) = bad {
                    return Err(Error::NotFinite { what, row, position, value });
                }
            }
            if square.sqrt() > MAX_LENGTH {
                return Err(Error::TooLong { what, row, length: square.sqrt() });
            }
        }
        Ok(norms)
    }
}

/// Two rows of this length have an inner product and a squared distance far below the largest f32 (3.4e38).
const MAX_LENGTH: f64 = 1e18;
