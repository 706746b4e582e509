//! The CPU's inference path: a handful of fused operations on slices, in f32 or bf16 with f32 sums.
//!
//! ```text
//! matmul   x · Wᵀ over packed panels, ended by an Epilogue (bias, activation, layer scale, residual) while in cache
//! attention  softmax(q kᵀ / sqrt d) v for one head at a time, reading q, k and v where `qkv` left them
//! norm     layer norm by rows, into the type that the next product reads
//! depthwise  a window of weights for each channel of images, channels last
//! ```
//!
//! Every operation runs at the [`mdfe_simd::Level`] that it is given, or that its matrix was packed for. A number type is data
//! (`number.rs`), a tile of a product too (`tile.rs`); the kernels use both, and `element.rs` picks the kernel of a level.
//!
//! Threads are rayon's; every operation splits into independent tasks whose result does not depend on which thread ran
//! them, so the same input gives the same bytes on any number of threads. Other devices never come here: they run the
//! candle operations of [`crate::blocks`]. A hand-written kernel for one of them would be a sibling of this folder.

mod attention;
mod depthwise;
mod element;
mod epilogue;
#[cfg(target_arch = "x86_64")]
mod kernel_avx512;
mod kernel_portable;
mod math;
mod matmul;
mod norm;
mod number;
mod packed;
mod reserve;
mod shared;
mod sums;
mod tile;

pub(crate) use attention::{AttentionShape, attention};
pub(crate) use depthwise::{Axes, Depthwise, Window};
pub(crate) use element::Element;
pub(crate) use epilogue::{AddTo, PatchRows, Store};
pub use math::Activation;
pub(crate) use math::{exp, silu};
pub(crate) use matmul::matmul;
pub(crate) use norm::Norm;
pub(crate) use number::Number;
pub(crate) use packed::Packed;
pub(crate) use reserve::reserve;
pub(crate) use shared::SharedMut;
pub(crate) use sums::{dot, mean};

#[cfg(test)]
mod tests;
