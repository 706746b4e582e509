//! Decoding pictures to RGB as Pillow's `Image.open(path).convert("RGB")` does.

mod decode;
mod to_rgb;

pub use decode::{decode, decode_bytes};
