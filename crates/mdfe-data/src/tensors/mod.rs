//! Safetensors files as this project writes and reads them: one header for everybody.
//!
//! A header is written by hand, because the library keeps metadata in a hash map, whose order would make the bytes of two equal
//! files differ, and because a header that is known in advance lets the tensors be streamed behind it.

mod file;
mod header;
mod text;

pub use file::TensorFile;
pub use header::{TensorShape, header};
pub use text::TextColumn;
