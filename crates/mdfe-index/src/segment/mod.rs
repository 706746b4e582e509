//! Rows on disk: a safetensors file that is written once and mapped.
//!
//! | tensor | what |
//! |---|---|
//! | `embeddings [n, D]` f32, f16 or i8 | the rows; a binary index has `signs [n, ceil(D / 8)]` u8 instead |
//! | `scales [n]` f32 | int8: the scale of each row |
//! | `errors [n]` f32 | int8 with a finer copy: an upper bound of the norm of what a row's codes leave out |
//! | `rescore [n, D]` f16 or f32 | the finer copy of int8 and binary rows |
//! | `labels [n]`, `domains [n]` u32 | positions in `label_names` and `domain_names`, 4294967295 for none; missing where no row has one |
//! | `paths`, `label_names`, `domain_names` | text columns |

mod encode;
mod open;
mod text;

pub(crate) use encode::write;
pub(crate) use open::{Segment, Store};

/// The position that names nothing.
const NONE: u32 = u32::MAX;
/// The metadata key.
const KEY: &str = "mdfe_index_segment";

/// The metadata of a segment.
#[derive(serde::Serialize, serde::Deserialize)]
struct Facts {
    /// A length that no row that is scored with exceeds.
    longest: f64,
}
