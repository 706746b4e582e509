//! Class token, registers and learned positions.

use super::resample_positions;
use crate::{Result, size::Size};
use candle_core::Tensor;

/// What is added to and put before the patches.
pub(crate) struct Positions {
    /// The tokens before the patches, in order, each `[n, D]`: class token, registers.
    pub(crate) prefix: Vec<Tensor>,
    /// Learned positions `[N, D]`, those of prefix tokens first where they have any.
    pub(crate) embed: Option<Tensor>,
    /// How many of the first positions belong to prefix tokens.
    pub(crate) embedded_prefix: usize,
    /// Rows and columns of the patch positions.
    pub(crate) grid: Size,
}

impl Positions {
    /// The number of prefix tokens.
    pub(crate) fn prefix_len(&self) -> usize {
        self.prefix.iter().map(|t| t.dims()[0]).sum()
    }

    /// Prefix tokens with their positions added, `[prefix, D]`, if there are any.
    pub(crate) fn prefix_tokens(&self) -> Result<Option<Tensor>> {
        if self.prefix.is_empty() {
            return Ok(None);
        }
        let tokens = Tensor::cat(&self.prefix, 0)?;
        match &self.embed {
            Some(embed) if self.embedded_prefix > 0 => {
                Ok(Some((tokens + embed.narrow(0, 0, self.embedded_prefix)?)?))
            }
            _ => Ok(Some(tokens)),
        }
    }

    /// Positions of a grid of patches, `[P, D]`: the learned ones, resampled where the grid is another.
    pub(crate) fn patches(&self, grid: Size) -> Result<Option<Tensor>> {
        let Some(embed) = &self.embed else { return Ok(None) };
        let own = embed.narrow(0, self.embedded_prefix, self.grid.area())?;
        Ok(Some(if grid == self.grid { own } else { resample_positions(&own, self.grid, grid)? }))
    }

    /// `patches [B, P, D]` to tokens `[B, prefix + P, D]`.
    pub(crate) fn forward(&self, patches: &Tensor, grid: Size) -> Result<Tensor> {
        let (b, _, d) = patches.dims3()?;
        let placed = match self.patches(grid)? {
            Some(pos) => patches.broadcast_add(&pos)?,
            None => patches.clone(),
        };
        match self.prefix_tokens()? {
            None => Ok(placed),
            Some(prefix) => {
                let prefix = prefix.unsqueeze(0)?.broadcast_as((b, self.prefix_len(), d))?;
                Ok(Tensor::cat(&[prefix, placed], 1)?)
            }
        }
    }
}
