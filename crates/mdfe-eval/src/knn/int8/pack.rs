//! Bytes turned into the order that the tiles read: four dimensions of a row beside each other.

use super::super::pack::{GROUP, PANEL};
use super::stream::Int8Block;

/// What makes a query's codes unsigned, as the instructions want one side. They have 7 bits, so that two products, each at most
/// 127 * 127, fit into 16 bits.
const OFFSET: i32 = 64;
const LARGEST: f32 = 63.0;

/// Four dimensions of every index row of a panel.
pub(super) type IndexQuad = [[i8; 4]; PANEL];
/// Four dimensions of every query of a group.
pub(super) type QueryQuad = [[u8; 4]; GROUP];

/// What the rows of a panel need besides their codes.
#[derive(Clone, Copy)]
pub(super) struct PanelFacts {
    /// What the offset of the query's codes adds to a row's sum.
    pub(super) corrections: [i32; PANEL],
    /// Zero for rows that do not exist.
    pub(super) scales: [f32; PANEL],
}

/// A query in bytes.
#[derive(Clone, Copy)]
pub(super) struct QueryCode {
    /// Value `d` is about `scale * (codes[d] - OFFSET)`.
    pub(super) scale: f64,
    /// The L2 norm of what the codes leave out.
    pub(super) error: f64,
    /// The L2 norm of the query.
    pub(super) norm: f64,
}

/// How many quads a row of `dim` values has.
pub(super) fn quads(dim: usize) -> usize {
    dim.div_ceil(4)
}

/// Packs one query into its lane of `out [quads]`.
pub(super) fn pack_query(row: &[f32], lane: usize, out: &mut [QueryQuad]) -> QueryCode {
    let largest = row.iter().fold(0.0f32, |most, v| most.max(v.abs()));
    let scale = if largest > 0.0 { f64::from(largest) / f64::from(LARGEST) } else { 1.0 };
    let (mut left, mut square) = (0.0, 0.0);
    for (quad, values) in out.iter_mut().zip(row.chunks(4)) {
        for (code, &value) in quad[lane].iter_mut().zip(values) {
            let value = f64::from(value);
            let rounded = (value / scale).round();
            *code = (rounded as i32 + OFFSET) as u8;
            left += (value - scale * rounded).powi(2);
            square += value * value;
        }
    }
    // The last digits of f64 sums, upwards.
    let up = |square: f64| square.sqrt() * (1.0 + 1e-9) + f64::MIN_POSITIVE;
    QueryCode { scale, error: up(left), norm: up(square) }
}

/// Packs the panel that begins with the `start`-th row that is looked at into `out [quads]`.
#[inline(always)]
pub(super) fn pack_panel(block: &Int8Block<'_>, start: usize, out: &mut [IndexQuad]) -> PanelFacts {
    let mut facts = PanelFacts { corrections: [0; PANEL], scales: [0.0; PANEL] };
    let count = PANEL.min(block.len() - start);
    if count < PANEL || !block.dim.is_multiple_of(4) {
        out.as_flattened_mut().fill([0; 4]);
    }
    for r in 0..count {
        let position = block.position(start + r);
        let row = &block.codes[position * block.dim..(position + 1) * block.dim];
        let (quads, rest) = row.as_chunks::<4>();
        for (column, quad) in out.iter_mut().zip(quads) {
            column[r] = *quad;
        }
        if let Some(column) = out.get_mut(quads.len()) {
            column[r][..rest.len()].copy_from_slice(rest);
        }
        facts.corrections[r] = OFFSET * row.iter().map(|&code| i32::from(code)).sum::<i32>();
        facts.scales[r] = block.scales[position];
    }
    facts
}
