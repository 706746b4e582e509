//! How an optimizer takes part in the fused step.

/// An update of the centers, applied block by block while the block is in cache.
///
/// The optimizer's own memory (Adam's moments, say) belongs to the implementor, which is cut into disjoint parts before the
/// step so that threads can work on them without locks.
///
/// ```
/// use mdfe_loss::CenterUpdate;
///
/// /// Gradient descent with momentum; `velocity` is `[rows, D]` like the centers.
/// struct Momentum<'a> { velocity: &'a mut [f32], embed_dim: usize, rate: f32 }
///
/// impl CenterUpdate for Momentum<'_> {
///     fn split_at(self, rows: usize) -> (Self, Self) {
///         let (embed_dim, rate) = (self.embed_dim, self.rate);
///         let (left, right) = self.velocity.split_at_mut(rows * embed_dim);
///         (Self { velocity: left, embed_dim, rate }, Self { velocity: right, embed_dim, rate })
///     }
///
///     fn update(&mut self, first_row: usize, centers: &mut [f32], gradient: &[f32]) {
///         let velocity = &mut self.velocity[first_row * self.embed_dim..];
///         for ((w, v), g) in centers.iter_mut().zip(velocity).zip(gradient) {
///             *v = 0.9 * *v + g;
///             *w -= self.rate * *v;
///         }
///     }
/// }
/// ```
pub trait CenterUpdate: Send + Sized {
    /// Cuts the part in two: the first `rows` rows, and the rest.
    fn split_at(self, rows: usize) -> (Self, Self);

    /// Updates some rows of this part.
    ///
    /// `first_row` counts from the first row of this part; `centers` and `gradient` are `[n, D]`, the rows from there on.
    /// With class sampling only the rows of sampled classes are ever passed. Each row is passed at most once per step.
    fn update(&mut self, first_row: usize, centers: &mut [f32], gradient: &[f32]);
}
