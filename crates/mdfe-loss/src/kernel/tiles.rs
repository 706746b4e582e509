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

/// Computes an output of `len` values, `[rows, width]`, in tiles of M rows by 4, 2 and 1 vectors (4 only where there are registers for
/// them); the rows that are left over go one by one. `width` is a multiple of [`LANES`].
#[inline(always)]
pub(super) fn walk<S: Simd, K: Tiled, const M: usize>(simd: S, kernel: &mut K, len: usize, width: usize) {
    debug_assert!(width.is_multiple_of(LANES) && len.is_multiple_of(width));
    let (rows, vectors) = (len / width, width / S::F32_LANES);
    let mut vector = 0;
    if S::REGISTER_COUNT >= 32 {
        while vector + 4 <= vectors {
            stripe::<S, K, M, 4>(simd, kernel, rows, vector);
            vector += 4;
        }
    }
    while vector + 2 <= vectors {
        stripe::<S, K, M, 2>(simd, kernel, rows, vector);
        vector += 2;
    }
    while vector < vectors {
        stripe::<S, K, M, 1>(simd, kernel, rows, vector);
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
    while row < rows {
        kernel.tile::<S, 1, N>(simd, Corner { row, vector });
        row += 1;
    }
}

/// The tile at `at` of a matrix `[rows, vectors]`.
#[inline(always)]
pub(super) fn load<V: Copy, const M: usize, const N: usize>(
    matrix: &[V],
    vectors: usize,
    at: Corner,
) -> [[V; N]; M] {
    // Loops, not `std::array::from_fn`: that function is not always inlined, and a call takes the tile out of its registers.
    let mut tile = [[matrix[at.row * vectors + at.vector]; N]; M];
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
    row: &[S::f32s],
    sums: &mut [S::f32s; N],
) {
    let factor = simd.splat_f32s(factor);
    for j in 0..N {
        sums[j] = simd.mul_add_e_f32s(factor, row[j], sums[j]);
    }
}
