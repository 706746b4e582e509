#![doc = include_str!("../README.md")]

pub mod curate;
mod dataset;
mod embeddings;
mod error;
pub mod files;
pub mod identity;
mod image;
mod lists;
mod loader;
mod members;
mod opened;
mod ordered;
mod prepare;
mod preprocess;
mod progress;
pub mod random;
mod readers;
mod registry;
mod select;
mod skipped;
pub mod store;
#[cfg(feature = "parquet")]
mod tables;
pub mod tensors;
mod transform;

pub use dataset::{ClassId, Dataset, Domain, Sample};
pub use embeddings::{
    EmbedderId, EmbeddingParts, Embeddings, EmbeddingsFile, EmbeddingsFormat, InputRow, Inputs, Names,
    Published, write_features,
};
pub use error::{Error, Result};
pub use files::write_atomically;
pub use image::{DecodeOptions, Decoded, Notice, decode, decode_bytes, decode_with, thumbnail};
pub use loader::{
    Batch, EpochReport, Images, Loader, LoaderOptions, LoaderPass, Noticed, SampleFacts, Sampler,
    SamplerOptions, Sampling, Unreadable,
};
pub use members::{ImageReader, container, holds_embeddings, is_archive};
pub use ordered::{OrderedOptions, ordered_map};
pub use prepare::{PrepareOptions, PrepareReport, needs_preparation, padded_crop, prepare};
pub use preprocess::{CropMode, Interpolation, PreprocessRecord, Preprocessor};
pub use progress::Progress;
pub use random::shuffle;
pub use readers::{
    DatasetInfo, Expected, FoundImages, IMAGE_EXTENSIONS, ListedImage, Listing, Origin, ReadOptions, Reading,
    TreeEntry, datasets, find, find_images, images, read, uned,
};
pub use registry::{
    ListRow, MissingEntry, TreeCheck, check_tree, class_size_histogram, counts_line, jsonl_line, list,
    list_text, missing_images,
};
pub use select::{DropReason, Dropped, Exclusions, Selection, exclude, read_exclusions};
pub use skipped::{Skipped, skipped_csv};
pub use transform::{
    Augmentation, ColorJitter, ColorOp, CropBox, CropRange, SampleKey, TransformKind, Transformer,
};
