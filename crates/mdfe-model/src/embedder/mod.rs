//! The embedder: what training leaves and everybody else uses.
//!
//! `pixels -> backbone -> projection -> unit length`, with the preprocess record that the projection was trained with,
//! in one safetensors file. The backbone is named and pinned by the hash of its weights, or embedded in the file.

mod file;
mod load;
mod pixels;
mod text;

pub use file::{EmbedderFile, EmbedderMeta, ProjectionKind};
pub(crate) use load::other_weights;
pub use load::{Embedded, Embedder};
pub use text::TextEncoder;
