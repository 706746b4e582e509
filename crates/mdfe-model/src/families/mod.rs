//! The backbone families, one file each: their numbers, their keys, and how they fill the shared transformer.

mod clip;
mod dinov2;
mod eva02;
mod siglip;
mod timm;

pub use clip::{ClipConfig, ClipNorms};
pub use dinov2::{Dinov2Config, Dinov2Mlp};
pub use eva02::{EvaConfig, EvaVariant};
pub use siglip::{SiglipConfig, SiglipPool};

use serde::{Deserialize, Serialize};

/// The numbers that every vision transformer has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VitSize {
    /// Side of the native input in pixels.
    pub img_size: usize,
    /// Side of a patch in pixels.
    pub patch_size: usize,
    /// Width of a token, D.
    pub width: usize,
    /// Number of blocks.
    pub depth: usize,
    /// Heads of each attention.
    pub heads: usize,
    /// Width inside an MLP, H: `int(width * mlp_ratio)`; for SwiGLU that of one of its two halves.
    pub mlp_hidden: usize,
}

impl VitSize {
    /// Rows and columns of patches of the native input.
    pub(crate) fn grid(&self) -> (usize, usize) {
        (self.img_size / self.patch_size, self.img_size / self.patch_size)
    }

    /// Patches of the native input.
    pub(crate) fn patches(&self) -> usize {
        self.grid().0 * self.grid().1
    }
}
