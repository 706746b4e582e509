//! The transformer on the CPU: packed weights, fused operations, scratch memory kept from batch to batch.

mod block;
mod linear;
mod patches;
mod pool;
mod scratch;
mod tower;

pub(crate) use linear::{FusedLinear, FusedNorm, values};
pub(crate) use tower::FusedTower;
