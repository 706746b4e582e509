//! The vision transformer that every ViT family shares, as a backbone.
//!
//! ```text
//! pixels ─ patch embed ─ + positions, prefix tokens ─ (norm) ─ block × depth ─ (norm) ─ pool ─ (norm) ─ (head) ─ features
//! ```
//!
//! A [`Family`] says which parts there are and under which keys its weights lie. [`tower`] runs the parts as tensors
//! (any device, differentiable or not), [`fused`] runs them on the CPU over packed weights.

mod build;
mod fused;
mod tower;

pub(crate) use build::{build, shapes};
pub(crate) use fused::{FusedLinear, FusedNorm, values};
pub(crate) use tower::{Family, Pool, Trunk};
