//! What a thing is, is its content: fingerprints of images, weights, preprocess records, views, embedders.
//!
//! Everything derived carries the fingerprints of what it came from and refuses another. A name, a size or a width never
//! stands for identity. [`Fingerprint`] is the value, [`Fingerprinter`] makes it from framed fields, [`KeyCache`] remembers the
//! fingerprints of image files that have not changed.

mod cache;
mod fingerprint;
mod fingerprinter;
mod read;
mod stamp;

pub use cache::KeyCache;
pub use fingerprint::Fingerprint;
pub use fingerprinter::Fingerprinter;
pub use read::read_image;
pub(crate) use stamp::stamp_bytes;
