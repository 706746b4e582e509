#![doc = include_str!("../README.md")]

mod cards;
mod confusions;
mod error;
mod map;
mod page;
mod retrieved;
mod set;
mod suspects;
mod thumbnails;

pub use error::{Error, Result};
pub use page::{Curve, Fact, Page};
pub use retrieved::{Described, Retrieved, ScoredBy};
pub use thumbnails::{ImageSource, Wanted};
