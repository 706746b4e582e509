#![doc = include_str!("../README.md")]

mod api;
mod app;
mod auth;
mod batcher;
mod connections;
mod decoders;
mod encode;
mod error;
mod index;
mod meters;
mod observe;
mod options;
mod page;
mod server;

pub use api::openapi;
pub use encode::{Encode, Model, ModelInfo};
pub use error::{Error, Result};
pub use index::{FileIndex, Filter, FolderIndex, Hit, NewRow, Searcher};
pub use options::{ServeOptions, Token};
pub use server::Server;
