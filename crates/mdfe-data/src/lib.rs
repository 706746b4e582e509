#![doc = include_str!("../README.md")]

pub mod curate;
mod dataset;
mod embeddings;
mod error;
mod files;
mod image;
mod loader;
mod ordered;
mod prepare;
mod preprocess;
mod readers;
mod registry;
mod select;
pub mod store;
mod transform;

pub use dataset::{ClassId, Dataset, Domain, Sample};
pub use embeddings::Embeddings;
pub use error::{Error, Result};
pub use files::write_atomically;
pub use image::{DecodeOptions, Decoded, Notice, decode, decode_bytes, decode_with};
pub use loader::{
    Batch, EpochReport, Loader, LoaderOptions, Noticed, Sampler, SamplerOptions, Sampling, Unreadable,
};
pub use ordered::{OrderedOptions, ordered_map};
pub use prepare::{
    CropRect, PrepareOptions, PrepareReport, Progress, SkippedItem, needs_preparation, padded_crop, prepare,
};
pub use preprocess::{CropMode, Interpolation, PreprocessRecord, Preprocessor};
pub use readers::{IMAGE_EXTENSIONS, ReadOptions, Reading, images, read, uned};
pub use registry::{
    DatasetInfo, Expected, ListRow, MissingEntry, Origin, TreeCheck, TreeEntry, check_tree,
    class_size_histogram, counts_line, datasets, find, jsonl_line, list, list_text, missing_images,
};
pub use select::{DropReason, Dropped, Selection, exclude, read_exclusions};
pub use transform::{
    Augmentation, ColorJitter, ColorOp, CropBox, CropRange, SampleKey, TransformKind, Transformer,
};
