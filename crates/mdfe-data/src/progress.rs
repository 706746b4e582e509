//! How long work tells how far it is.

/// Hears how far a piece of work is. `()` hears nothing.
pub trait Progress: Sync {
    /// A part of the work begins; it has `total` images.
    fn begin(&self, what: &str, total: u64);
    /// One more image of it is done. Called from many threads.
    fn advance(&self);
}

impl Progress for () {
    fn begin(&self, _: &str, _: u64) {}
    fn advance(&self) {}
}
