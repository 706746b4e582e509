//! The one matrix product of this crate.

/// A borrowed matrix: values with the distance between rows and between columns.
#[derive(Clone, Copy)]
pub(crate) struct Matrix<'a> {
    data: &'a [f32],
    shape: (usize, usize),
    strides: (isize, isize),
}

impl<'a> Matrix<'a> {
    /// `[rows, columns]`, row-major.
    pub(crate) fn new(data: &'a [f32], columns: usize) -> Self {
        let rows = data.len() / columns.max(1);
        Self { data: &data[..rows * columns], shape: (rows, columns), strides: (columns as isize, 1) }
    }

    /// The transpose, without moving a value.
    pub(crate) fn transposed(self) -> Self {
        let (rows, columns) = self.shape;
        Self { shape: (columns, rows), strides: (self.strides.1, self.strides.0), ..self }
    }
}

/// `out [m, n] = a [m, k] b [k, n]`. Panics where the shapes do not fit, which callers have checked.
///
/// The result is a function of the shapes and values, not of the number of threads: gemm splits m and n alone.
pub(crate) fn product(a: Matrix<'_>, b: Matrix<'_>, out: &mut [f32]) {
    let ((m, k), (k2, n)) = (a.shape, b.shape);
    assert!(k == k2 && out.len() == m * n, "matrix shapes");
    let threads = if m * n * k < 1 << 18 { gemm::Parallelism::None } else { gemm::Parallelism::Rayon(0) };
    // SAFETY: `Matrix::new` and `transposed` keep every index below the slices' lengths, and `out` holds m * n values.
    #[allow(unsafe_code)]
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
            a.strides.1,
            a.strides.0,
            b.data.as_ptr(),
            b.strides.1,
            b.strides.0,
            0.0,
            1.0,
            false,
            false,
            false,
            threads,
        );
    }
}
