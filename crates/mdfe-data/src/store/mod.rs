//! The feature store: the features of a frozen backbone, written once and trained on many times.
//!
//! A store is a folder, named after the content it was made from:
//!
//! ```text
//! {data set}-{address}/
//!   manifest.json                what was extracted with what; `complete` once every shard is there
//!   shard-00000.safetensors      rows of the listing 0..shard_rows: features [n, D_in], classes [n], domains [n]
//!   shard-00001.safetensors      ...
//! ```
//!
//! The address is a hash of the backbone's weights, the preprocess record, the dtype and the listing of the data set
//! (paths, file sizes, classes, domains), so a store is never reused for another question. Every file is written
//! beside its place and renamed into it: a killed extraction leaves whole shards only, and goes on from them.

mod listing;
mod manifest;
mod merge;
mod reader;
mod shard;
mod writer;

pub use crate::Skipped;
pub use manifest::{BackboneId, Manifest, ShardEntry, StoreDtype, StoreSpec};
pub use merge::{Merge, merge};
pub use reader::FeatureStore;
pub use shard::ShardRows;
pub use writer::{StoreStatus, StoreWriter};
