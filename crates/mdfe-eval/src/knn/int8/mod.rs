//! The search over rows of signed bytes.
//!
//! A row is about `scale * codes`. The first pass multiplies bytes; what it lets through is decided by a proven bound on what the bytes
//! of row and query leave out, and is scored with the row's finer copy. So the answer is that of a search over the finer copy.

#[cfg(target_arch = "x86_64")]
mod avx2;
mod code;
mod pack;
mod stream;
mod tile;
#[cfg(target_arch = "x86_64")]
mod vnni;

pub use code::Int8Code;
pub use stream::{Int8Block, Int8Stream};
