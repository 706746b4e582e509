//! Products of matrices: the cosines of a block of classes with the whole batch and, for K = 1, the gradient of its centers.

use super::tiles::{Corner, Cut, Tiled, add_scaled, six_row_stripe, store, walk};
use mdfe_simd::{Simd, WithSimd};

/// `out` `[n, width]` = `rows` `[n, stride]` (their first `depth` columns) times the matrix `[depth, width]` that [`Pack`] made `columns` of.
///
/// `width` is a multiple of [`LANES`](super::LANES). A sum's order is the order of its terms.
pub(crate) struct Products<'a> {
    pub(crate) rows: &'a [f32],
    pub(crate) stride: usize,
    pub(crate) columns: &'a [f32],
    pub(crate) width: usize,
    pub(crate) out: &'a mut [f32],
}

/// The rows of a tile: with four vectors of columns it fills 24 of the 32 registers of AVX-512, with two 12 of 16.
pub(super) const ROWS: usize = 6;

impl WithSimd for Products<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let width = self.width;
        let cut = Cut { rows: self.out.len() / width, width, widest: six_row_stripe::<S>() };
        walk::<S, Self, ROWS>(simd, &mut self, cut);
    }
}

impl Tiled for Products<'_> {
    #[inline(always)]
    fn tile<S: Simd, const M: usize, const N: usize>(&mut self, simd: S, at: Corner) {
        let (columns, _) = S::as_simd_f32s(self.columns);
        let vectors = self.width / S::F32_LANES;
        let depth = columns.len() / vectors;
        // Slices of one known length, so that the loop checks no index.
        let lines = &columns[at.vector * depth..].as_chunks::<N>().0[..depth];
        let mut rows: [&[f32]; M] = [&[]; M];
        for i in 0..M {
            rows[i] = &self.rows[(at.row + i) * self.stride..][..depth];
        }
        let mut sums = [[simd.splat_f32s(0.0); N]; M];
        for d in 0..depth {
            for i in 0..M {
                add_scaled(simd, rows[i][d], &lines[d], &mut sums[i]);
            }
        }
        store(sums, S::as_mut_simd_f32s(self.out).0, vectors, at);
    }
}

/// `packed` = the `matrix` `[depth, width]` in the order in which [`Products`] reads it, stripe after stripe: a stripe's lines then lie side
/// by side, where those of a matrix would compete for few sets of the cache.
///
/// The order depends on the level: pack for the one that multiplies. `width` is a multiple of [`LANES`](super::LANES).
pub(crate) struct Pack<'a> {
    pub(crate) matrix: &'a [f32],
    pub(crate) width: usize,
    pub(crate) packed: &'a mut [f32],
}

impl WithSimd for Pack<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let width = self.width;
        let cut = Cut { rows: self.matrix.len() / width, width, widest: six_row_stripe::<S>() };
        walk::<S, Self, 1>(simd, &mut self, cut);
    }
}

impl Tiled for Pack<'_> {
    #[inline(always)]
    fn tile<S: Simd, const M: usize, const N: usize>(&mut self, _: S, at: Corner) {
        let (matrix, _) = S::as_simd_f32s(self.matrix);
        let vectors = self.width / S::F32_LANES;
        let depth = matrix.len() / vectors;
        let stripe = &mut S::as_mut_simd_f32s(self.packed).0[at.vector * depth..][..depth * N];
        let lines = stripe[at.row * N..].chunks_exact_mut(N);
        for (line, row) in lines.take(M).zip(matrix.chunks_exact(vectors).skip(at.row)) {
            line.copy_from_slice(&row[at.vector..at.vector + N]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::testing::{assert_same, values};
    use mdfe_simd::Level;

    #[test]
    fn every_level_multiplies_right() {
        // 9 rows leave a tile's worth of two and one over; 112 columns are four, two and one vectors of 16.
        let (count, stride, depth, width) = (9, 16, 13, 112);
        let (rows, columns) = (values(count * stride, 1), values(depth * width, 2));
        let product = |row: usize, column: usize| {
            let terms = (0..depth).map(|d| (rows[row * stride + d], columns[d * width + column]));
            terms.map(|(a, b)| f64::from(a) * f64::from(b)).sum::<f64>()
        };
        let expected: Vec<f64> = (0..count * width).map(|i| product(i / width, i % width)).collect();
        for level in Level::available() {
            let (mut packed, mut out) = (vec![9.0; depth * width], vec![9.0; count * width]);
            level.dispatch(Pack { matrix: &columns, width, packed: &mut packed });
            level.dispatch(Products { rows: &rows, stride, columns: &packed, width, out: &mut out });
            assert_same(level, &out, &expected);
        }
    }
}
