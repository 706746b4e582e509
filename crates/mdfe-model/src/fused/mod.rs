//! The parts of [`crate::blocks`] on the CPU: the same layers with packed weights over slices, for inference.

mod linear;
mod mlp;
mod norm;
mod values;

pub(crate) use linear::FusedLinear;
pub(crate) use mlp::{FusedMlp, Hidden};
pub(crate) use norm::FusedNorm;
pub(crate) use values::values;
