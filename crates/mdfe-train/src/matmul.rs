//! The one matrix product of this crate.

/// A borrowed matrix: values with the distance between rows and between columns.
#[derive(Clone, Copy)]
pub(crate) struct Matrix<'a> {
    data: &'a [f32],
    rows: usize,
    columns: usize,
    /// Values from a row to the next.
    row_stride: usize,
    /// Values from a column to the next.
    column_stride: usize,
}

impl<'a> Matrix<'a> {
    /// `[rows, columns]`, row-major.
    pub(crate) fn new(data: &'a [f32], columns: usize) -> Self {
        let rows = data.len() / columns.max(1);
        Self { data: &data[..rows * columns], rows, columns, row_stride: columns, column_stride: 1 }
    }

    /// The transpose, without moving a value.
    pub(crate) fn transposed(self) -> Self {
        let Self { data, rows, columns, row_stride, column_stride } = self;
        Self { data, rows: columns, columns: rows, row_stride: column_stride, column_stride: row_stride }
    }
}

/// `out [m, n] = a [m, k] b [k, n]`. Panics where the shapes do not fit, which callers have checked.
///
/// The result is a function of the shapes and values, not of the number of threads: gemm splits m and n alone.
pub(crate) fn product(a: Matrix<'_>, b: Matrix<'_>, out: &mut [f32]) {
    let (m, k, n) = (a.rows, a.columns, b.columns);
    assert!(b.rows == k && out.len() == m * n, "matrix shapes");
    let threads = if m * n * k < 1 << 18 { gemm::Parallelism::None } else { gemm::Parallelism::Rayon(0) };
    #[allow(unsafe_code)]
    // SAFETY: gemm reads `a` at row * row_stride + column * column_stride for every row below m and column below k, and `b` likewise:
    // `Matrix::new` cuts the slice to rows * columns values in row-major order and `transposed` swaps both pairs, so that the largest
    // index is rows * columns - 1. It writes `out` at row * n + column alone, below m * n, its length by the assertion; `out` is
    // borrowed exclusively, so it overlaps neither, and its old values are not read (`read_dst` is false).
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            out.as_mut_ptr(),
            1,
            n as isize,
            false,
            a.data.as_ptr(),
            a.column_stride as isize,
            a.row_stride as isize,
            b.data.as_ptr(),
            b.column_stride as isize,
            b.row_stride as isize,
            0.0,
            1.0,
            false,
            false,
            false,
            threads,
        );
    }
}
