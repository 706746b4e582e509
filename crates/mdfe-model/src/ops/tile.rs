//! The innermost piece of a matrix product: a tile of up to 6 rows by 4 vectors of 16 columns.

/// Columns of one vector.
pub(super) const LANES: usize = 16;
/// Rows of a full tile.
pub(super) const ROWS: usize = 6;
/// Columns of a row of accumulators, whatever the tile's width.
pub(super) const ACC: usize = 64;

/// One tile: `acc[r][c] (+)= sum_k a[r][k] b[k][c]`.
pub(crate) struct Tile<'a, E> {
    /// The left matrix from row 0 on; row r begins `lda` values later for each r.
    pub(super) a: &'a [E],
    pub(super) lda: usize,
    /// A packed panel: `[groups][columns][GROUP]`, GROUP being how many values of the summed axis lie together.
    pub(super) b: &'a [E],
    /// Groups of the summed axis.
    pub(super) groups: usize,
    /// Accumulators, [`ACC`] apart from row to row.
    pub(super) acc: &'a mut [f32],
    /// Whether to start from zero instead of what `acc` holds.
    pub(super) fresh: bool,
}

impl<E> Tile<'_, E> {
    /// Asserts that the slices cover `rows` rows and `vectors` vectors with groups of `group` values: what the kernels,
    /// which read and write through pointers, rely on.
    #[inline(always)]
    pub(super) fn check(&self, rows: usize, vectors: usize, group: usize) {
        let (Self { a, lda, b, acc, .. }, last) = (self, rows - 1);
        let depth = self.groups.saturating_mul(group);
        let reach = last.saturating_mul(*lda).saturating_add(depth);
        assert!(a.len() >= reach, "a tile's rows reach past the left matrix");
        assert!(b.len() >= depth.saturating_mul(vectors * LANES), "a tile reaches past its panel");
        assert!(acc.len() >= last * ACC + vectors * LANES, "a tile reaches past its sums");
    }
}
