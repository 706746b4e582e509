#![doc = include_str!("../README.md")]

mod drive;
mod environment;
mod error;
mod fetch;
mod location;
mod operator;
mod options;
mod secrets;
mod stores;
mod transport;
mod upload;
mod web;

pub use environment::Environment;
pub use error::{Error, Outcome, Result};
pub use fetch::{Fetched, Part, Parts};
pub use location::{Location, Scheme, is_url};
pub use options::Options;
pub use stores::{Object, Stores};
pub use upload::{Destination, Left, Uploaded, Uploader};
