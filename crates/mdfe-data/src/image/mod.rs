//! Decoding images to RGB as Pillow's `Image.open(path).convert("RGB")` does.

mod decode;
mod jpeg;
mod to_rgb;

pub use decode::{decode, decode_bytes};
