#![doc = include_str!("../README.md")]

mod error;
mod level;
mod tokens;

pub use error::Error;
pub use level::{Level, VARIABLE};
pub use pulp::{Simd, WithSimd};
pub use tokens::{Avx2, Avx512, Avx512Bf16};
