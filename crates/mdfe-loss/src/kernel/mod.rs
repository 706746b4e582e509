//! The loops of the fused step. Each is a struct that names its operands, and runs where it is handed to
//! [`Level::dispatch`](mdfe_simd::Level::dispatch) or one of its users.

#![allow(
    clippy::needless_range_loop,
    clippy::manual_memcpy,
    reason = "iterators' adaptors stay calls where the caller has wider vectors than they: measured, a tenth of the step's time"
)]

mod accumulate;
mod aligned;
mod elementwise;
mod exponentials;
mod maximum;
mod products;
mod rows;
mod softmax;
#[cfg(test)]
mod testing;
mod tiles;
mod winners;

pub(crate) use accumulate::Accumulate;
pub(crate) use aligned::Aligned;
pub(crate) use elementwise::Elementwise;
pub(crate) use maximum::{Maximum, Winners};
pub(crate) use products::{Pack, Products};
pub(crate) use rows::{INVERSE_LIMIT, Normalize, Project};
pub(crate) use softmax::{AddBlock, AddLogits, Probabilities, Running};
pub(crate) use winners::{AccumulateMembers, AccumulateWinners, WORD};

/// Columns are padded to this many values, the widest vector in use.
pub(crate) const LANES: usize = 16;

/// `count` rounded up to whole vectors.
pub(crate) fn padded(count: usize) -> usize {
    count.next_multiple_of(LANES)
}
