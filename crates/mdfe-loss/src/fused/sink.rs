//! Where the second pass reads centers and leaves their gradients.

use crate::CenterUpdate;

/// A run of rows of the centers: readable, and open to their gradient, once each.
pub(crate) trait Sink: Send + Sized {
    /// Cuts it in two: the first `rows` rows, and the rest.
    fn split_at(self, rows: usize) -> (Self, Self);

    /// The centers of these rows, `[rows, D]`.
    fn centers(&self) -> &[f32];

    /// Takes the gradient `[n, D]` of the rows from `first_row` (of these rows) on.
    fn give(&mut self, first_row: usize, gradient: &[f32]);
}

/// A run of rows of the centers.
#[derive(Clone, Copy)]
pub(crate) struct CenterRows<'a> {
    /// `[rows, D]`.
    pub(crate) values: &'a [f32],
    /// The place of the first among all rows.
    pub(crate) first_row: usize,
}

/// What a chunk of classes owns of a sink.
pub(crate) struct Part<T> {
    pub(crate) sink: T,
    /// The place of its first row among all rows.
    pub(crate) first_row: usize,
}

impl<T: Sink> Part<T> {
    pub(crate) fn centers(&self) -> CenterRows<'_> {
        CenterRows { values: self.sink.centers(), first_row: self.first_row }
    }
}

/// Keeps the gradients.
pub(crate) struct Collect<'a> {
    pub(crate) centers: &'a [f32],
    /// `[rows, D]`.
    pub(crate) gradient: &'a mut [f32],
    pub(crate) embed_dim: usize,
}

impl Sink for Collect<'_> {
    fn split_at(self, rows: usize) -> (Self, Self) {
        let (embed_dim, middle) = (self.embed_dim, rows * self.embed_dim);
        let (centers, more_centers) = self.centers.split_at(middle);
        let (gradient, more_gradient) = self.gradient.split_at_mut(middle);
        (
            Self { centers, gradient, embed_dim },
            Self { centers: more_centers, gradient: more_gradient, embed_dim },
        )
    }

    fn centers(&self) -> &[f32] {
        self.centers
    }

    fn give(&mut self, first_row: usize, gradient: &[f32]) {
        self.gradient[first_row * self.embed_dim..][..gradient.len()].copy_from_slice(gradient);
    }
}

/// Hands the gradients to an optimizer at once.
pub(crate) struct Update<'a, U> {
    pub(crate) centers: &'a mut [f32],
    pub(crate) update: U,
    pub(crate) embed_dim: usize,
}

impl<U: CenterUpdate> Sink for Update<'_, U> {
    fn split_at(self, rows: usize) -> (Self, Self) {
        let embed_dim = self.embed_dim;
        let (centers, more_centers) = self.centers.split_at_mut(rows * embed_dim);
        let (update, more_update) = self.update.split_at(rows);
        (Self { centers, update, embed_dim }, Self { centers: more_centers, update: more_update, embed_dim })
    }

    fn centers(&self) -> &[f32] {
        self.centers
    }

    fn give(&mut self, first_row: usize, gradient: &[f32]) {
        let centers = &mut self.centers[first_row * self.embed_dim..][..gradient.len()];
        self.update.update(first_row, centers, gradient);
    }
}
