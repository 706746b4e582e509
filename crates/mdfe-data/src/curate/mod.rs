//! Faults of data sets: images that cannot be read, exact duplicates, near duplicates, and where they cross classes
//! (label noise) or splits (leaks).
//!
//! Each image is opened once, however many rows name it. Exact duplicates have the same bytes (blake3). Near
//! duplicates have perceptual hashes (64-bit DCT hash, [`perceptual_hash`]) that differ in at most a few bits; they
//! can also be found by features, where a feature store exists ([`near_by_features`]). What was found becomes a list
//! that readers leave out ([`exclusions`]).

mod exclusions;
mod features;
mod find;
mod fingerprint;
mod near;
mod phash;
mod report;

pub use exclusions::{NearPolicy, exclusions};
pub use features::{FeaturePair, near_by_features};
pub use find::check;
pub use phash::{hash_of_gray, perceptual_hash};
pub use report::{CheckReport, Content, NearPair, Unreadable, Use};

/// How near duplicates are looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckOptions {
    /// Perceptual hashes of near duplicates differ in at most this many of 64 bits (default 4, at most 8).
    pub max_distance: u32,
    /// Stop looking for near duplicates after this many pairs (default 1,000,000); the report says so.
    pub max_pairs: usize,
}

impl Default for CheckOptions {
    fn default() -> Self {
        Self { max_distance: 4, max_pairs: 1_000_000 }
    }
}
