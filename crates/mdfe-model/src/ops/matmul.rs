//! Matrix products over packed panels, in parallel tasks, ended by an epilogue.

use super::{
    element::{self, Element},
    epilogue::Epilogue,
    packed::Packed,
    tile::{ACC, LANES, ROWS, Tile},
};
use rayon::prelude::*;

/// Rows of one task, a multiple of the tile's six: their sums, 24 KiB, stay in the first-level cache.
const TASK_ROWS: usize = 96;
/// Bytes of a panel that one pass reads: with the rows' sums and the left matrix it stays in the second-level cache.
const PASS_BYTES: usize = 256 << 10;

/// `a [M, K] · b [K, N]`, row r of `a` beginning at `r · K`, with `epilogue` taking every finished row of every panel. Runs at
/// the level that `b` was packed for.
pub(crate) fn matmul<E: Element>(a: &[E], b: &Packed<E>, epilogue: impl Epilogue) {
    let depth = b.depth();
    assert!(
        depth.is_multiple_of(E::GROUP),
        "a product over {depth} values is not in whole groups of {}",
        E::GROUP
    );
    let rows = a.len() / depth;
    let chunks = rows.div_ceil(TASK_ROWS);
    (0..chunks * b.panels()).into_par_iter().for_each(|task| {
        // Neighbouring tasks share the panel; the rows, all of them, come from the last-level cache.
        let (panel, first) = (task / chunks, task % chunks * TASK_ROWS);
        let count = TASK_ROWS.min(rows - first);
        b.level().vectorize(|| {
            let mut acc = [0f32; TASK_ROWS * ACC];
            sums(&a[first * depth..(first + count) * depth], depth, b, panel, &mut acc);
            let column = panel * b.width();
            let valid = b.width().min(b.columns() - column);
            for (r, row) in acc.chunks_exact_mut(ACC).take(count).enumerate() {
                // SAFETY: a task is the only one with its rows of its panel, each row comes once, and `epilogue` is this
                // product's own.
                #[allow(unsafe_code)]
                unsafe {
                    epilogue.finish(first + r, column, &mut row[..valid]);
                }
            }
        });
    });
}

/// The sums of every row of `a` (`lda` apart) with panel `panel` of `b`, into rows of [`ACC`].
#[inline(always)]
pub(super) fn sums<E: Element>(a: &[E], lda: usize, b: &Packed<E>, panel: usize, acc: &mut [f32]) {
    let (vectors, groups) = (b.vectors(panel), b.groups());
    let row_of_panel = vectors * LANES * E::GROUP;
    let depth = groups * E::GROUP;
    let rows = if a.len() < depth { 0 } else { (a.len() - depth) / lda + 1 };
    assert!(acc.len() >= rows * ACC, "{rows} rows of sums do not fit");
    let values = b.panel(panel);
    let pass = (PASS_BYTES / (row_of_panel * size_of::<E>())).max(64);
    for start in (0..groups).step_by(pass) {
        let here = pass.min(groups - start);
        for r in (0..rows).step_by(ROWS) {
            let tile = Tile {
                a: &a[r * lda + start * E::GROUP..],
                lda,
                b: &values[start * row_of_panel..],
                groups: here,
                acc: &mut acc[r * ACC..],
                fresh: start == 0,
            };
            element::run(b.level(), ROWS.min(rows - r), vectors, tile);
        }
    }
}
