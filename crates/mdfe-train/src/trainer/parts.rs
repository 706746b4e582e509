//! Which parameters belong to what.

use std::ops::Range;

/// The order of a trainer's parameters: the encoder's, the projection's, the centers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parts {
    encoder: usize,
    projection: usize,
    centers: usize,
}

impl Parts {
    pub(super) fn new(encoder: usize, projection: usize, centers: usize) -> Self {
        Self { encoder, projection, centers }
    }

    pub(super) fn backbone(self) -> Range<usize> {
        0..self.encoder
    }

    pub(super) fn projection(self) -> Range<usize> {
        self.encoder..self.encoder + self.projection
    }

    pub(super) fn centers(self) -> Range<usize> {
        let start = self.encoder + self.projection;
        start..start + self.centers
    }
}
