#![doc = include_str!("../README.md")]

mod dataset;
mod embeddings;
mod error;
mod files;
mod preprocess;
mod readers;
mod registry;
mod select;
pub mod store;

pub use dataset::{ClassId, Dataset, Domain, Sample};
pub use embeddings::Embeddings;
pub use error::{Error, Result};
pub use files::write_atomically;
pub use preprocess::{CropMode, Interpolation, PreprocessRecord};
pub use readers::{ReadOptions, Reading, read, uned};
pub use registry::{
    DatasetInfo, Expected, ListRow, MissingEntry, Origin, TreeCheck, TreeEntry, check_tree, datasets, find, list,
    list_text, missing_pictures,
};
pub use select::{DropReason, Dropped, Selection, exclude, read_exclusions};
