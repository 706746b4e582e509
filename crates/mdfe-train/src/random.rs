//! One independent stream of random numbers per purpose and position.
//!
//! A stream is a function of (seed, purpose, position) alone, so a resumed run needs no generator state: it asks for the same streams again.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// What random numbers are drawn for.
#[derive(Clone, Copy)]
pub(crate) enum Purpose {
    /// Initial projection.
    Projection = 1,
    /// Initial centers.
    Centers = 2,
    /// Order of the samples; the position is the epoch.
    Order = 3,
    /// Dropout masks; the position is the step.
    Dropout = 4,
}

/// The generator of a purpose at a position.
pub(crate) fn stream(seed: u64, purpose: Purpose, position: usize) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream((purpose as u64) << 48 | position as u64);
    rng
}
