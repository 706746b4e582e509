//! The embedder: what training leaves and everybody else uses.
//!
//! `pixels -> backbone -> projection -> unit length`, with the preprocess record that the projection was trained with,
//! in one safetensors file. The backbone is named and pinned by the hash of its weights, or embedded in the file.

mod file;
mod load;
mod parts;
mod pixels;
mod place;
mod text;

pub use file::{EmbedderFile, EmbedderMeta, ProjectionKind};
pub use load::{Embedded, Embedder, feature_id};
pub use parts::EmbedderParts;
pub(crate) use parts::other_weights;
pub use place::embedder_path;
pub use text::TextEncoder;
