//! The dimensions of a vision transformer.

use crate::size::Size;
use serde::{Deserialize, Serialize};

/// The dimensions that every vision transformer has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VitSize {
    /// Side of the native input in pixels.
    pub image_size: usize,
    /// Side of a patch in pixels.
    pub patch_size: usize,
    /// Width of a token, D.
    pub width: usize,
    /// Number of blocks.
    pub depth: usize,
    /// Heads of each attention.
    pub heads: usize,
    /// Width inside an MLP, H: `int(width * mlp_ratio)`; for SwiGLU that of one of its two halves.
    pub mlp_dim: usize,
}

impl VitSize {
    /// Rows and columns of patches of the native input.
    pub(crate) fn grid(&self) -> Size {
        Size::square(self.image_size / self.patch_size)
    }

    /// Patches of the native input.
    pub(crate) fn patches(&self) -> usize {
        self.grid().area()
    }
}
