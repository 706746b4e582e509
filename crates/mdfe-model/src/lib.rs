#![doc = include_str!("../README.md")]

mod backbone;
mod error;

pub use backbone::Backbone;
pub use error::{Error, Result};
