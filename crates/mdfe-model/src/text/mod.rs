//! Text towers: sentences into the space of an image-text model.
//!
//! The towers of OpenCLIP's models (CLIP, MetaCLIP, CLIPA, EVA-CLIP, ConvNeXt-CLIP, SigLIP, SigLIP 2), from the very files that
//! hold their image towers. A sentence is embedded as it is: no prompt is put around it. f32 on the CPU.

mod clean;
mod clip_bpe;
mod config;
mod tokenizer;
mod tower;

pub use config::{TextCleaning, TextConfig, TextPool, TextProjection};
pub use tokenizer::TextTokenizer;
pub use tower::TextTower;
