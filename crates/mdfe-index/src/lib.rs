#![doc = include_str!("../README.md")]

mod combine;
mod error;
mod fold;
mod format;
mod index;
mod info;
mod manifest;
mod recall;
mod removed;
mod search;
mod segment;
mod verify;
mod writer;

pub use combine::combine;
pub use error::{Error, Result};
pub use format::{Dtype, IndexOptions, Rescore};
pub use index::{Index, RowFacts};
pub use info::{DomainInfo, IndexInfo};
pub use recall::Recall;
pub use search::{Filter, Hit, Query};
pub use verify::{Fault, Verified};
pub use writer::{Added, Existing, Writer};
