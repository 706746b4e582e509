//! Cosines of a block of classes with the whole batch.

use super::tiles::{Corner, Tiled, add_scaled, store, walk};
use mdfe_simd::{Simd, WithSimd};

/// `out` `[n, width]` = `rows` `[n, stride]` (their first `depth` columns) times `columns` `[depth, width]`.
///
/// `width` is a multiple of [`LANES`](super::LANES).
pub(crate) struct Products<'a> {
    pub(crate) rows: &'a [f32],
    pub(crate) stride: usize,
    pub(crate) columns: &'a [f32],
    pub(crate) width: usize,
    pub(crate) out: &'a mut [f32],
}

/// The rows of a tile: with four vectors of columns it fills 24 of the 32 registers of AVX-512, with two 12 of 16.
const ROWS: usize = 6;

impl WithSimd for Products<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let (len, width) = (self.out.len(), self.width);
        walk::<S, Self, ROWS>(simd, &mut self, len, width);
    }
}

impl Tiled for Products<'_> {
    #[inline(always)]
    fn tile<S: Simd, const M: usize, const N: usize>(&mut self, simd: S, at: Corner) {
        let (columns, _) = S::as_simd_f32s(self.columns);
        let vectors = self.width / S::F32_LANES;
        let depth = columns.len() / vectors;
        let rows: [&[f32]; M] = std::array::from_fn(|i| &self.rows[(at.row + i) * self.stride..][..depth]);
        let mut sums = [[simd.splat_f32s(0.0); N]; M];
        for (d, line) in columns.chunks_exact(vectors).enumerate().take(depth) {
            let line = &line[at.vector..at.vector + N];
            for i in 0..M {
                add_scaled(simd, rows[i][d], line, &mut sums[i]);
            }
        }
        store(sums, S::as_mut_simd_f32s(self.out).0, vectors, at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::testing::{assert_same, values};
    use mdfe_simd::Level;

    #[test]
    fn every_level_multiplies_right() {
        // 7 rows leave one over from a tile; 112 columns are four, two and one vectors of 16.
        let (count, stride, depth, width) = (7, 16, 13, 112);
        let (rows, columns) = (values(count * stride, 1), values(depth * width, 2));
        let product = |row: usize, column: usize| {
            let terms = (0..depth).map(|d| (rows[row * stride + d], columns[d * width + column]));
            terms.map(|(a, b)| f64::from(a) * f64::from(b)).sum::<f64>()
        };
        let expected: Vec<f64> = (0..count * width).map(|i| product(i / width, i % width)).collect();
        for level in Level::available() {
            let mut out = vec![9.0; count * width];
            level.dispatch(Products { rows: &rows, stride, columns: &columns, width, out: &mut out });
            assert_same(level, &out, &expected);
        }
    }
}
