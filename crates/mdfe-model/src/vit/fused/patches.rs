//! Pixels to rows of patches.

use crate::{ops::Number, size::Size};
use mdfe_simd::Level;
use rayon::prelude::*;

/// The axes of a batch of images.
#[derive(Clone, Copy)]
pub(super) struct Images {
    /// Rows and columns of pixels.
    pub(super) size: Size,
    /// Rows and columns of patches.
    pub(super) grid: Size,
    /// Pixels of a patch's side.
    pub(super) patch: usize,
}

/// `pixels [B, 3, H, W]` to `out [B P, 3 patch²]`, each row in the order of a convolution's kernel.
pub(super) fn unfold<E: Number>(pixels: &[f32], p: Images, out: &mut [E]) {
    let (plane, s) = (p.size.area(), p.patch);
    let row = 3 * s * s;
    let level = Level::current();
    out.par_chunks_mut(p.grid.width * row).enumerate().for_each(|(strip, out)| {
        let (image, gy) = (strip / p.grid.height, strip % p.grid.height);
        level.vectorize(|| {
            for (gx, patch) in out.chunks_exact_mut(row).enumerate() {
                for (line, out) in patch.chunks_exact_mut(s).enumerate() {
                    let (channel, dy) = (line / s, line % s);
                    let from = (image * 3 + channel) * plane + (gy * s + dy) * p.size.width + gx * s;
                    let pixels = &pixels[from..from + s];
                    out.iter_mut().zip(pixels).for_each(|(out, x)| *out = E::from_f32(*x));
                }
            }
        });
    });
}
