//! The feature store: the features of a frozen backbone, computed once for each image and trained on many times.
//!
//! A *space* is a folder, named after what decides its features:
//!
//! ```text
//! {backbone}-{fingerprint}/
//!   space.json               backbone, weights, preprocess record, dtypes: what the fingerprint is made of
//!   {hash}.safetensors       a shard: features [n, D_in] and keys [n, 32], the fingerprints of the images
//!   uses/{view}.json         which views were extracted or trained, and when
//! ```
//!
//! A data set is a *view*: an ordered list of keys with class, domain and path, never stored with the features. So a corrected label
//! recomputes nothing, an added image extracts one image, and an image in two data sets is there once.
//!
//! A shard's name is the hash of its bytes. It is written beside its place and renamed into it, so that processes and machines fill
//! one space at once and a killed extraction leaves whole shards only. Of equal keys the first in the order of shard names counts.
//! On the CPU an image's features do not depend on the batch it sat in, so that it does not matter who computed them.

mod merge;
mod prune;
mod reader;
mod resolve;
mod rows;
mod shard;
mod spec;
mod uses;
mod verify;
mod view;
mod writer;

pub use merge::{Merge, merge};
pub use prune::{SpaceInfo, remove_space, spaces};
pub use reader::FeatureStore;
pub use resolve::{Resolved, resolve};
pub use rows::FeatureView;
pub use spec::{BackboneId, SpaceSpec, StoreDtype, Variant};
pub use uses::Use;
pub use verify::{BadShard, verify};
pub use view::View;
pub use writer::SpaceWriter;
