//! Weighted sums of rows: the gradients of centers (sums of embeddings) and, for K = 1, of embeddings (sums of centers).

use super::tiles::{Corner, Tiled, add_scaled, load, store, walk};
use mdfe_simd::{Simd, WithSimd};

/// A matrix of factors `[n, terms]`: the factor of output `i` and term `t` is `values[i * output_stride + t * term_stride]`.
#[derive(Clone, Copy)]
pub(crate) struct Factors<'a> {
    pub(crate) values: &'a [f32],
    pub(crate) output_stride: usize,
    pub(crate) term_stride: usize,
    pub(crate) terms: usize,
}

/// `out` `[n, width]` += `factors` `[n, terms]` times `rows` `[terms, width]`.
///
/// `width` is a multiple of [`LANES`](super::LANES). A sum's order is the order of its terms.
pub(crate) struct Accumulate<'a> {
    pub(crate) factors: Factors<'a>,
    pub(crate) rows: &'a [f32],
    pub(crate) width: usize,
    pub(crate) out: &'a mut [f32],
}

/// The rows of a tile: beside the sums there is a row of vectors to keep.
pub(super) const ROWS: usize = 4;

impl WithSimd for Accumulate<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let (len, width) = (self.out.len(), self.width);
        walk::<S, Self, ROWS>(simd, &mut self, len, width);
    }
}

impl Tiled for Accumulate<'_> {
    #[inline(always)]
    fn tile<S: Simd, const M: usize, const N: usize>(&mut self, simd: S, at: Corner) {
        let Factors { values, output_stride, term_stride, terms } = self.factors;
        let vectors = self.width / S::F32_LANES;
        let (rows, _) = S::as_simd_f32s(self.rows);
        let (out, _) = S::as_mut_simd_f32s(self.out);
        let starts: [&[f32]; M] = std::array::from_fn(|i| &values[(at.row + i) * output_stride..]);
        let mut sums: [[S::f32s; N]; M] = load(out, vectors, at);
        for (t, row) in rows.chunks_exact(vectors).enumerate().take(terms) {
            let row = &row[at.vector..at.vector + N];
            for i in 0..M {
                add_scaled(simd, starts[i][t * term_stride], row, &mut sums[i]);
            }
        }
        store(sums, out, vectors, at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::testing::{assert_same, values};
    use mdfe_simd::Level;

    #[test]
    fn every_level_adds_weighted_rows() {
        let (count, terms, width) = (5, 9, 112);
        let (factors, rows, start) =
            (values(count * terms, 1), values(terms * width, 2), values(count * width, 3));
        for (output_stride, term_stride) in [(terms, 1), (1, count)] {
            let sum = |output: usize, column: usize| {
                let factor = |t: usize| f64::from(factors[output * output_stride + t * term_stride]);
                let products = (0..terms).map(|t| factor(t) * f64::from(rows[t * width + column]));
                f64::from(start[output * width + column]) + products.sum::<f64>()
            };
            let expected: Vec<f64> = (0..count * width).map(|i| sum(i / width, i % width)).collect();
            for level in Level::available() {
                let mut out = start.clone();
                let factors = Factors { values: &factors, output_stride, term_stride, terms };
                level.dispatch(Accumulate { factors, rows: &rows, width, out: &mut out });
                assert_same(level, &out, &expected);
            }
        }
    }
}
