//! Making the lists and crops that readers need out of what a user downloads.
//!
//! Every step can be killed and started again: files appear whole, by a rename, and a finished crop is not made
//! twice, so the tree that results is the same. Two preparations of one data set wait for each other. A crop is made anew when
//! its image or its box changed, and a list that somebody edited is not replaced. Images are handled one by one on all cores;
//! what cannot be used is skipped and listed with its reason.

mod coco;
mod crop;
mod crops;
mod cutting;
mod deep_fashion2;
mod fashion200k;
mod folders;
mod food_rec22;
mod gldv2;
mod job;
mod jpeg;
mod m4d_35k;
mod made;
mod mat;
mod output;
mod report;
mod stanford_cars;

pub use crop::padded_crop;
pub use report::PrepareReport;

use crate::{
    DatasetInfo, Progress, ReadOptions, Result,
    readers::{self, Source},
};
use job::Job;
use std::path::PathBuf;

/// Where the data sets lie, and the seed of what is drawn.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PrepareOptions {
    /// The folder that holds the data sets.
    pub root: PathBuf,
    /// Seed of the drawn lists (default 0).
    pub seed: u64,
    /// Whether lists are made anew over published, drawn and edited ones (default false: those are kept).
    pub overwrite: bool,
}

/// How a data set is prepared.
type Step = fn(&Job<'_>) -> Result<PrepareReport>;

/// The data sets that need preparation, one line each.
fn step(key: &str) -> Option<Step> {
    Some(match key {
        "gldv2" => gldv2::prepare,
        "fashion200k" => fashion200k::prepare,
        "food_rec22" => food_rec22::prepare,
        "stanford_cars" => stanford_cars::prepare,
        "deep_fashion2" => deep_fashion2::prepare,
        "furniture180" | "storefronts146" => folders::prepare,
        "m4d_35k" => m4d_35k::prepare,
        _ => return None,
    })
}

/// Whether `info` needs preparation before it can be read (`gldv2`: before M4D-35k can be drawn).
pub fn needs_preparation(info: &DatasetInfo) -> bool {
    step(info.key).is_some()
}

/// Prepares the data set `key`; one that needs nothing gives an empty report.
///
/// # Errors
/// [`Error::Unknown`](crate::Error::Unknown) lists the known keys; [`Error::Missing`](crate::Error::Missing) names what has to be downloaded and from where;
/// [`Error::Malformed`](crate::Error::Malformed) names the file that does not fit; [`Error::Edited`](crate::Error::Edited) the
/// list that somebody changed since it was prepared, unless `overwrite` is set; [`Error::Io`](crate::Error::Io) where
/// nothing can be written.
pub fn prepare(key: &str, options: &PrepareOptions, progress: &dyn Progress) -> Result<PrepareReport> {
    let info = readers::find(key)?;
    let Some(step) = step(info.key) else {
        return Ok(PrepareReport { key: info.key, ..PrepareReport::default() });
    };
    let read_options = ReadOptions::at(&options.root);
    let source = Source::new(info, &read_options);
    if !source.on_disk("").is_dir() {
        return Err(source.absent());
    }
    let job = Job { source, seed: options.seed, overwrite: options.overwrite, progress };
    let _lock = output::lock(&job)?;
    let report = step(&job)?;
    output::write_skipped(&job.source.on_disk(report::SKIPPED_LIST), &report.skipped)?;
    Ok(report)
}
