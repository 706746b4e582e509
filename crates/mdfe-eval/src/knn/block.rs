//! A part of an index that a streamed search looks at.

use crate::Rows;

/// Consecutive rows of an index, of which some may be left out.
#[derive(Clone, Copy, Debug)]
pub struct Block<'a> {
    /// The rows, `[n, D]`.
    pub rows: Rows<'a>,
    /// The id of the first row in the whole index.
    pub first: u32,
    /// The rows to look at, as positions in the block in ascending order; all of them without it.
    pub only: Option<&'a [u32]>,
    /// A length that no row exceeds, where it is known and the rows are known to be finite, which saves a pass over them. Without
    /// it every value is checked. The squared L2 distance needs the norm of each row and checks them in any case.
    pub longest: Option<f64>,
}

impl<'a> Block<'a> {
    /// All of these rows, checked.
    pub fn new(rows: Rows<'a>, first: u32) -> Self {
        Self { rows, first, only: None, longest: None }
    }

    /// How many rows are looked at.
    pub(super) fn len(&self) -> usize {
        self.only.map_or(self.rows.len(), <[u32]>::len)
    }

    /// The position in the block of the `i`-th row that is looked at.
    #[inline(always)]
    pub(super) fn position(&self, i: usize) -> usize {
        self.only.map_or(i, |only| only[i] as usize)
    }
}
