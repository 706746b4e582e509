//! Cosines of a block of classes with the whole batch.

use super::LANES;
use pulp::{Arch, Simd, WithSimd};

/// `out` `[n, width]` = `rows` `[n, stride]` (their first `depth` columns) times `columns` `[depth, width]`.
///
/// `width` is a multiple of [`LANES`].
pub(crate) fn products((rows, stride): (&[f32], usize), (columns, width): (&[f32], usize), out: &mut [f32]) {
    debug_assert!(width.is_multiple_of(LANES));
    Arch::new().dispatch(Products { rows, stride, columns, width, out });
}

struct Products<'a> {
    rows: &'a [f32],
    stride: usize,
    columns: &'a [f32],
    width: usize,
    out: &'a mut [f32],
}

/// The rows of a register tile: with four vectors of columns it fills 24 of the 32 registers of AVX-512, with two 12 of 16.
const TILE: usize = 6;

impl WithSimd for Products<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let vectors = self.width / S::F32_LANES;
        let mut first = 0;
        if S::REGISTER_COUNT >= 32 {
            while first + 4 <= vectors {
                self.stripe::<S, 4>(simd, first);
                first += 4;
            }
        }
        while first + 2 <= vectors {
            self.stripe::<S, 2>(simd, first);
            first += 2;
        }
        while first < vectors {
            self.stripe::<S, 1>(simd, first);
            first += 1;
        }
    }
}

impl Products<'_> {
    /// All rows against the N vectors of columns from `first` on.
    #[inline(always)]
    fn stripe<S: Simd, const N: usize>(&mut self, simd: S, first: usize) {
        let count = self.out.len() / self.width;
        let mut row = 0;
        while row + TILE <= count {
            self.tile::<S, TILE, N>(simd, row, first);
            row += TILE;
        }
        while row < count {
            self.tile::<S, 1, N>(simd, row, first);
            row += 1;
        }
    }

    #[inline(always)]
    fn tile<S: Simd, const M: usize, const N: usize>(&mut self, simd: S, row: usize, first: usize) {
        let (columns, _) = S::as_simd_f32s(self.columns);
        let vectors = self.width / S::F32_LANES;
        let depth = columns.len() / vectors;
        let rows: [&[f32]; M] = std::array::from_fn(|i| &self.rows[(row + i) * self.stride..][..depth]);
        let mut sums = [[simd.splat_f32s(0.0); N]; M];
        for (d, line) in columns.chunks_exact(vectors).enumerate().take(depth) {
            let line = &line[first..first + N];
            for i in 0..M {
                let factor = simd.splat_f32s(rows[i][d]);
                for j in 0..N {
                    sums[i][j] = simd.mul_add_e_f32s(factor, line[j], sums[i][j]);
                }
            }
        }
        let (out, _) = S::as_mut_simd_f32s(self.out);
        for (i, sums) in sums.iter().enumerate() {
            out[(row + i) * vectors + first..][..N].copy_from_slice(sums);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::instruction_sets::{Set, assert_same, numbers};

    #[test]
    fn every_instruction_set_multiplies_right() {
        // 7 rows leave one over from a tile; 112 columns are four, two and one vectors of 16.
        let (count, stride, depth, width) = (7, 16, 13, 112);
        let (rows, columns) = (numbers(count * stride, 1), numbers(depth * width, 2));
        let product = |row: usize, column: usize| {
            let terms = (0..depth).map(|d| (rows[row * stride + d], columns[d * width + column]));
            terms.map(|(a, b)| f64::from(a) * f64::from(b)).sum::<f64>()
        };
        let expected: Vec<f64> = (0..count * width).map(|i| product(i / width, i % width)).collect();
        for set in Set::ALL {
            let mut out = vec![9.0; count * width];
            set.run(Products { rows: &rows, stride, columns: &columns, width, out: &mut out });
            assert_same(set, &out, &expected);
        }
    }
}
