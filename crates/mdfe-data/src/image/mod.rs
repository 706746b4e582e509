//! Decoding images to RGB as Pillow's `Image.open(path).convert("RGB")` does.

mod decode;
mod guard;
mod jpeg;
mod limits;
mod notice;
mod options;
mod other;
mod thumbnail;
mod to_rgb;
mod webp;

#[cfg(test)]
pub(crate) use decode::PANICS;
pub(crate) use decode::read;
pub use decode::{Decoded, decode, decode_bytes, decode_with};
#[cfg(feature = "parquet")]
pub(crate) use guard::guarded;
pub use notice::Notice;
pub use options::DecodeOptions;
pub use thumbnail::thumbnail;
