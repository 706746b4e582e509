//! The innermost step of a matrix product: a tile of up to 6 rows by 4 vectors of 16 columns.

use super::{cpu::Level, element::Element};

/// Columns of one vector.
pub(super) const LANES: usize = 16;
/// Rows of a full tile.
pub(super) const ROWS: usize = 6;
/// Columns of a row of accumulators, whatever the tile's width.
pub(super) const ACC: usize = 64;

/// One tile: `acc[r][c] (+)= sum_k a[r][k] b[k][c]`.
#[derive(Clone, Copy)]
pub(crate) struct Tile<E> {
    /// Row 0 of the left matrix; row r begins `lda` values later for each r.
    pub(super) a: *const E,
    pub(super) lda: usize,
    /// A packed panel: `[groups][columns][GROUP]`.
    pub(super) b: *const E,
    /// Groups of the summed axis.
    pub(super) groups: usize,
    /// Accumulators, [`ACC`] apart from row to row.
    pub(super) acc: *mut f32,
    /// Whether to start from zero instead of what `acc` holds.
    pub(super) fresh: bool,
}

/// Runs the tile of `rows` (1 to 6) by `vectors` (1 to 4).
///
/// # Safety
/// As [`Element::tile`], for these numbers.
#[inline(always)]
#[allow(unsafe_code)]
pub(super) unsafe fn run<E: Element>(level: Level, rows: usize, vectors: usize, tile: Tile<E>) {
    macro_rules! pick {
        ($($mr:literal)*) => {
            match (rows, vectors) {
                $(($mr, 1) => unsafe { E::tile::<$mr, 1>(level, tile) },
                ($mr, 2) => unsafe { E::tile::<$mr, 2>(level, tile) },
                ($mr, 3) => unsafe { E::tile::<$mr, 3>(level, tile) },
                ($mr, 4) => unsafe { E::tile::<$mr, 4>(level, tile) },)*
                _ => unreachable!("a tile has 1 to 6 rows and 1 to 4 vectors"),
            }
        };
    }
    // SAFETY: the caller's promise is passed on; each arm hands on the numbers it matched.
    pick!(1 2 3 4 5 6)
}
