//! Patches to tokens: a convolution whose stride is its kernel, which is a product over unfolded patches.

use super::Linear;
use crate::{Error, Result, Weights, size::Size};
use candle_core::Tensor;

/// `[B, 3, H, W]` to `[B, P, D]`, `P = floor(H / patch) · floor(W / patch)`; pixels beyond the last whole patch are not
/// seen, as in timm (`vit_so400m_patch14_siglip_384`: 27 by 27 patches).
pub(crate) struct PatchEmbed {
    /// `[D, 3 patch²]`, the convolution's kernel flattened.
    pub(crate) linear: Linear,
    pub(crate) size: usize,
}

impl PatchEmbed {
    /// Reads `weight [D, 3, patch, patch]` and, where there is one, `bias [D]` of the scope.
    pub(crate) fn load(w: &Weights, width: usize, size: usize, bias: bool) -> Result<Self> {
        let weight = w.get("weight", &[width, 3, size, size])?.flatten_from(1)?;
        let bias = if bias { Some(w.get("bias", &[width])?) } else { None };
        Ok(Self { linear: Linear { weight, bias }, size })
    }

    /// Rows and columns of patches in `pixels`.
    ///
    /// # Errors
    /// [`Error::Invalid`] when `pixels` is not `[B, 3, H, W]` or smaller than a patch.
    pub(crate) fn grid(&self, pixels: &Tensor) -> Result<Size> {
        let &[_, 3, h, w] = pixels.dims() else {
            return Err(Error::Invalid(format!(
                "pixels are {:?}, expected [batch, 3, height, width]",
                pixels.dims()
            )));
        };
        if h < self.size || w < self.size {
            let size = self.size;
            return Err(Error::Invalid(format!(
                "images of {h}x{w} are smaller than a patch of {size}x{size}"
            )));
        }
        Ok(Size { height: h / self.size, width: w / self.size })
    }

    /// `pixels [B, 3, H, W]` to `[B, P, D]`.
    pub(crate) fn forward(&self, pixels: &Tensor) -> Result<Tensor> {
        let grid = self.grid(pixels)?;
        let Size { height: gh, width: gw } = grid;
        let (b, s) = (pixels.dim(0)?, self.size);
        let whole = pixels.narrow(2, 0, gh * s)?.narrow(3, 0, gw * s)?;
        // [B, 3, gh, s, gw, s] -> [B, gh, gw, 3, s, s]
        let patches = whole.reshape(vec![b, 3, gh, s, gw, s])?.permute(vec![0, 2, 4, 1, 3, 5])?;
        self.linear.forward(&patches.reshape((b, grid.area(), 3 * s * s))?)
    }
}
