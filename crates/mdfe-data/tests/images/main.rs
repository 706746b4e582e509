//! Images from file to batch, against Pillow, torchvision and timm (`tests/reference/preprocess/generate.py`).
#![allow(clippy::unwrap_used, clippy::panic)]

mod augmentation;
mod cases;
mod decode;
mod evaluation;
mod hostile;
mod loader;
mod memory;
mod sampler;
