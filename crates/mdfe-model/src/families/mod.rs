//! The backbone families: their numbers, their keys, and how they fill the shared transformer.
//!
//! | family | config | keys |
//! |---|---|---|
//! | `siglip` (and 2), `dinov2`, timm's exports of CLIP | [`VitConfig`] | `timm.rs` |
//! | `clip`, `meta-clip`, `clipav2` | [`VitConfig`] | `open_clip.rs` |
//! | `eva02` (EVA, EVA02, EVA-CLIP) | [`EvaConfig`] | `eva.rs` |

mod eva;
mod open_clip;
mod timm;
mod vit;

pub use eva::{EvaConfig, EvaMlp};
pub(crate) use open_clip::ResBlock;
pub use vit::{KeyNames, PoolKind, VitConfig, VitMlp};

use serde::{Deserialize, Serialize};

/// The numbers that every vision transformer has.
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
    pub(crate) fn grid(&self) -> (usize, usize) {
        (self.image_size / self.patch_size, self.image_size / self.patch_size)
    }

    /// Patches of the native input.
    pub(crate) fn patches(&self) -> usize {
        self.grid().0 * self.grid().1
    }
}
