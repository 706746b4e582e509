//! Rows turned into the column order that the tiles read.

use super::Similarity;

/// Index rows of one panel; a multiple of every vector register's lanes.
pub(super) const PANEL: usize = 32;

/// Queries of one group: with two AVX-512 registers of index rows each, they fill 24 accumulators.
pub(super) const GROUP: usize = 12;

/// How wide a packed row is: for distances a column is added, so that the tile's inner product `<q, x> - |x|^2 / 2` ranks as
/// the distance does.
pub(super) fn packed_dim(similarity: Similarity, dim: usize) -> usize {
    match similarity {
        Similarity::InnerProduct => dim,
        Similarity::SquaredL2 => dim + 1,
    }
}

/// Packs `count` rows `[dim]`, at most `W`, into `out [packed_dim, W]`; rows that do not exist are zero. `extra` is the value of the
/// added column for a row.
pub(super) fn pack<'a, const W: usize>(
    count: usize,
    dim: usize,
    row: impl Fn(usize) -> &'a [f32],
    extra: impl Fn(usize) -> f32,
    out: &mut [f32],
) {
    if count < W {
        out.fill(0.0);
    }
    let (columns, _) = out.as_chunks_mut::<W>();
    let (values, added) = columns.split_at_mut(dim);
    // Sixteen columns at a time keep the lines that are written in the first-level cache.
    for (step, part) in values.chunks_mut(16).enumerate() {
        for r in 0..count {
            let row = &row(r)[step * 16..step * 16 + part.len()];
            for (column, &value) in part.iter_mut().zip(row) {
                column[r] = value;
            }
        }
    }
    if let Some(column) = added.first_mut() {
        for (r, value) in column.iter_mut().enumerate().take(count) {
            *value = extra(r);
        }
    }
}
