//! The walk over a matrix in tiles that fit the registers: what the products and the weighted sums of rows have in common.

use super::LANES;
use mdfe_simd::Simd;

/// A kernel whose output is computed tile by tile.
pub(super) trait Tiled {
    /// Computes the tile of M rows by N vectors whose corner is `at`.
    fn tile<S: Simd, const M: usize, const N: usize>(&mut self, simd: S, at: Corner);
}

/// The first row and the first vector of a tile.
#[derive(Clone, Copy)]
pub(super) struct Corner {
    pub(super) row: usize,
    pub(super) vector: usize,
}

/// An output `[rows, width]`, cut into stripes of at most `widest` vectors: 8, 4, 2 or 1. `width` is a multiple of [`LANES`].
#[derive(Clone, Copy)]
pub(super) struct Cut {
    pub(super) rows: usize,
    pub(super) width: usize,
    pub(super) widest: usize,
}

/// The vectors of a stripe whose tiles have six rows: with them, a row of vectors and a factor, the sums fill the registers.
#[inline(always)]
pub(super) fn six_row_stripe<S: Simd>() -> usize {
    if S::REGISTER_COUNT >= 32 { 4 } else { 2 }
}

/// Computes an output stripe by stripe in tiles of M rows; the rows that are left over go by two and one.
#[inline(always)]
pub(super) fn walk<S: Simd, K: Tiled, const M: usize>(simd: S, kernel: &mut K, cut: Cut) {
    debug_assert!(cut.width.is_multiple_of(LANES));
    let vectors = cut.width / S::F32_LANES;
    let mut vector = 0;
    if cut.widest >= 8 {
        while vector + 8 <= vectors {
            stripe::<S, K, M, 8>(simd, kernel, cut.rows, vector);
            vector += 8;
        }
    }
    if cut.widest >= 4 {
        while vector + 4 <= vectors {
            stripe::<S, K, M, 4>(simd, kernel, cut.rows, vector);
            vector += 4;
        }
    }
    while vector + 2 <= vectors {
        stripe::<S, K, M, 2>(simd, kernel, cut.rows, vector);
        vector += 2;
    }
    while vector < vectors {
        stripe::<S, K, M, 1>(simd, kernel, cut.rows, vector);
        vector += 1;
    }
}

/// All rows of the N vectors from `vector` on.
#[inline(always)]
fn stripe<S: Simd, K: Tiled, const M: usize, const N: usize>(
    simd: S,
    kernel: &mut K,
    rows: usize,
    vector: usize,
) {
    let mut row = 0;
    while row + M <= rows {
        kernel.tile::<S, M, N>(simd, Corner { row, vector });
        row += M;
    }
    if M > 2 {
        while row + 2 <= rows {
            kernel.tile::<S, 2, N>(simd, Corner { row, vector });
            row += 2;
        }
    }
    while row < rows {
        kernel.tile::<S, 1, N>(simd, Corner { row, vector });
        row += 1;
    }
}

/// The tile at `at` of a matrix `[rows, vectors]`.
#[inline(always)]
pub(super) fn load<S: Simd, const M: usize, const N: usize>(
    simd: S,
    matrix: &[S::f32s],
    vectors: usize,
    at: Corner,
) -> [[S::f32s; N]; M] {
    let mut tile = [[simd.splat_f32s(0.0); N]; M];
    for i in 0..M {
        let row = &matrix[(at.row + i) * vectors + at.vector..][..N];
        for j in 0..N {
            tile[i][j] = row[j];
        }
    }
    tile
}

/// Writes the tile at `at` of a matrix `[rows, vectors]`.
#[inline(always)]
pub(super) fn store<V: Copy, const M: usize, const N: usize>(
    tile: [[V; N]; M],
    matrix: &mut [V],
    vectors: usize,
    at: Corner,
) {
    for i in 0..M {
        let row = &mut matrix[(at.row + i) * vectors + at.vector..][..N];
        for j in 0..N {
            row[j] = tile[i][j];
        }
    }
}

/// `sums` += `factor` times `row`.
#[inline(always)]
pub(super) fn add_scaled<S: Simd, const N: usize>(
    simd: S,
    factor: f32,
    row: &[S::f32s; N],
    sums: &mut [S::f32s; N],
) {
    let factor = simd.splat_f32s(factor);
    for j in 0..N {
        sums[j] = simd.mul_add_e_f32s(factor, row[j], sums[j]);
    }
}
