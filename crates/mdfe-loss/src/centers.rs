//! The shape and the initial values of the class centers.

use crate::{Error, Result, draw};
use rand::Rng;
use serde::{Deserialize, Serialize};

/// The shape of the centers: `[C*K, D]`, row-major; row `c * K + k` is sub-center `k` of class `c`.
///
/// A class's cosine is the maximum over its K sub-centers (Deng et al., "Sub-center ArcFace", ECCV 2020, eq. 3); of equal
/// sub-centers the first wins, as in `torch.max`. K = 1 is the plain loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CenterShape {
    /// C, the number of classes.
    pub num_classes: usize,
    /// K, the number of sub-centers of each class, 1 to 255.
    pub sub_centers: usize,
    /// D, the length of an embedding.
    pub embed_dim: usize,
}

impl CenterShape {
    /// The number of rows, C*K.
    pub fn rows(&self) -> usize {
        self.num_classes * self.sub_centers
    }

    /// The number of values, C*K*D.
    pub fn values(&self) -> usize {
        self.rows() * self.embed_dim
    }

    /// Xavier-uniform centers, `[C*K, D]`: uniform in ±sqrt(6 / (C*K + D)), the published recipe's (`torch.nn.init.xavier_uniform_`).
    ///
    /// The same generator state gives the same values on every platform.
    pub fn xavier_uniform<R: Rng + ?Sized>(&self, rng: &mut R) -> Vec<f32> {
        let bound = (6.0 / (self.rows() + self.embed_dim).max(1) as f64).sqrt();
        (0..self.values()).map(|_| ((draw::unit(rng) * 2.0 - 1.0) * bound) as f32).collect()
    }

    pub(crate) fn check(&self) -> Result<()> {
        let sizes = [
            ("the number of classes", self.num_classes, u32::MAX as usize),
            ("the number of sub-centers", self.sub_centers, 255),
            ("the embedding dimension", self.embed_dim, 1 << 20),
        ];
        match sizes.into_iter().find(|&(_, value, limit)| value == 0 || value > limit) {
            Some((what, value, limit)) => Err(Error::Size { what, value, limit }),
            None => Ok(()),
        }
    }
}
