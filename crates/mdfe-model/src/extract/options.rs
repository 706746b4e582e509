//! How a data set is extracted, and what came of it.

use super::{PipelineOptions, PipelineTimes};
use mdfe_data::{
    Skipped,
    store::{FeatureView, StoreDtype},
};
use std::path::PathBuf;

/// The share of one machine: the images `index, index + count, ...` of the view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Which share, counted from 0.
    pub index: usize,
    /// How many shares there are.
    pub count: usize,
}

/// How a data set is extracted.
#[derive(Clone, Debug, PartialEq)]
pub struct ExtractOptions {
    /// Folder that holds the spaces.
    pub parent: PathBuf,
    /// Number format on disk (default f32).
    pub dtype: StoreDtype,
    /// Rows in a shard (default 256): what a stop can cost.
    pub shard_rows: usize,
    /// Batch and threads.
    pub pipeline: PipelineOptions,
    /// The share of this machine; `None` (default) for all.
    pub part: Option<Part>,
    /// Share of unreadable images, 0 to 1, above which the run stops (default 0.01).
    pub max_bad: f64,
    /// Whether every image is hashed again, whatever the cache of fingerprints remembers (default false).
    pub verify: bool,
}

impl ExtractOptions {
    /// The defaults, with the spaces in `parent`.
    pub fn at(parent: impl Into<PathBuf>) -> Self {
        Self {
            parent: parent.into(),
            dtype: StoreDtype::F32,
            shard_rows: 256,
            pipeline: PipelineOptions::default(),
            part: None,
            max_bad: 0.01,
            verify: false,
        }
    }
}

/// What an extraction is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExtractStage {
    /// Finding the fingerprints of the images.
    Identify,
    /// Computing features.
    Compute,
}

/// How far an extraction is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExtractProgress {
    /// What it is doing.
    pub stage: ExtractStage,
    /// Images done, those of an earlier run included.
    pub done: usize,
    /// Images of the data set.
    pub total: usize,
}

/// What an extraction did.
pub struct Extraction {
    /// The readable images with their features; `None` after a stop, or when other parts are missing.
    pub rows: Option<FeatureView>,
    /// The space's folder.
    pub dir: PathBuf,
    /// Images whose features were computed now.
    pub computed: usize,
    /// Images whose features were there.
    pub reused: usize,
    /// Images that have no features yet because other parts, or a later run, compute them.
    pub missing: usize,
    /// Images that could not be read this time.
    pub skipped: Vec<Skipped>,
    /// Where the time went.
    pub times: PipelineTimes,
}
