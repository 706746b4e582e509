//! The loops of the fused step: plain functions on slices, each run with the widest vectors the CPU has.

mod accumulate;
mod aligned;
#[cfg(test)]
mod instruction_sets;
mod maximum;
mod products;
mod rows;
mod softmax;
mod winners;

pub(crate) use accumulate::{Factors, accumulate};
pub(crate) use aligned::Aligned;
pub(crate) use maximum::{maximum, spread};
pub(crate) use products::products;
pub(crate) use rows::{INVERSE_LIMIT, normalize_rows, project_rows};
pub(crate) use softmax::{Running, probabilities};
pub(crate) use winners::accumulate_winners;

/// Columns are padded to this many values, the widest vector in use.
pub(crate) const LANES: usize = 16;

/// `count` rounded up to whole vectors.
pub(crate) fn padded(count: usize) -> usize {
    count.next_multiple_of(LANES)
}
