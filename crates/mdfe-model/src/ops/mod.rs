//! The CPU's inference path: a handful of fused operations on slices, in f32 or bf16 with f32 sums.
//!
//! ```text
//! matmul   x · Wᵀ over packed panels, ended by an Epilogue (bias, activation, layer scale, residual) while in cache
//! attention  softmax(q kᵀ / sqrt d) v for one head at a time, reading q, k and v where `qkv` left them
//! norm     layer norm by rows, into the type that the next product reads
//! depthwise  a window of weights for each channel of images, channels last
//! ```
//!
//! Threads are rayon's; every operation splits into independent tasks whose result does not depend on which thread ran
//! them, so the same input gives the same bytes on any number of threads. Other devices never come here: they run the
//! candle operations of [`crate::blocks`]. A hand-written kernel for one of them would be a sibling of this folder.

mod attention;
mod cpu;
mod depthwise;
mod element;
mod epilogue;
mod kernel;
#[cfg(target_arch = "x86_64")]
mod kernel_avx512;
mod kernel_portable;
mod math;
mod matmul;
mod norm;
mod packed;
mod reserve;
mod shared;

pub(crate) use attention::{AttentionShape, attention};
pub use cpu::Level;
pub(crate) use depthwise::{Axes, Depthwise, Window};
pub(crate) use element::Element;
pub(crate) use epilogue::{AddTo, PatchRows, Store};
pub use math::Activation;
pub(crate) use math::{exp, silu};
pub(crate) use matmul::matmul;
pub(crate) use norm::{layer_norm, layer_norm_in_place};
pub(crate) use packed::Packed;
pub(crate) use reserve::reserve;
pub(crate) use shared::SharedMut;

#[cfg(test)]
mod tests;
