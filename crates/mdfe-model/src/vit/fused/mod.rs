//! The transformer on the CPU: packed weights, fused operations, scratch memory kept from batch to batch.

mod block;
mod patches;
mod pool;
mod scratch;
mod tower;

pub(crate) use tower::FusedTower;
