//! Reading a data set: one file per data set, shared parts beside them.
//!
//! A reader is a constant `INFO` (what the registry knows) and a function from a [`Source`] to [`Rows`]. It keeps
//! every row of the source in its order; the selection comes after it.

mod csv_list;
mod deep_fashion;
mod deep_fashion2;
pub(crate) mod fashion200k;
mod food101;
mod food_rec22;
mod furniture180;
pub(crate) mod gldv2;
mod hm;
mod image_folder;
pub(crate) mod json;
mod labelled_csv;
pub(crate) mod m4d_35k;
mod met_art;
mod options;
mod products_10k;
mod rows;
mod rp2k;
mod shopee;
mod sop;
pub(crate) mod source;
pub(crate) mod stanford_cars;
mod storefronts146;
pub(crate) mod table;
pub mod uned;
pub(crate) mod walk;

pub(crate) use options::COMMON;
pub use options::ReadOptions;
pub(crate) use rows::Rows;
pub(crate) use source::Source;
pub use walk::{IMAGE_EXTENSIONS, images};

use crate::{
    Dataset, Dropped, Error, Result,
    registry::{self, DatasetInfo},
    select::{self, Selection},
};

/// Every reader, in the order of the table of data sets.
pub(crate) const ALL: [&DatasetInfo; 19] = [
    &products_10k::INFO,
    &gldv2::INFO,
    &deep_fashion::INFO,
    &met_art::INFO,
    &shopee::INFO,
    &hm::INFO,
    &rp2k::INFO,
    &sop::INFO,
    &fashion200k::INFO,
    &food_rec22::INFO,
    &stanford_cars::INFO,
    &deep_fashion2::INFO,
    &food101::INFO,
    &furniture180::INFO,
    &storefronts146::INFO,
    &m4d_35k::INFO,
    &uned::INFO,
    &image_folder::INFO,
    &csv_list::INFO,
];

/// A data set as it was read, and what was left out on the way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// The samples, classes dense in sorted order.
    pub dataset: Dataset,
    /// What was left out and why, in the order in which it went.
    pub dropped: Vec<Dropped>,
}

/// Reads the training samples of the data set `key` (or one of its aliases).
///
/// Images are not opened, and not looked for except where the data set needs it (`hm`, `stanford_cars`, `uned`).
///
/// # Errors
/// [`Error::Unknown`] lists the known keys; [`Error::Missing`] names the missing file and where it comes from;
/// [`Error::Malformed`] the file and line that does not fit; [`Error::Invalid`] an option that does not.
pub fn read(key: &str, options: &ReadOptions) -> Result<Reading> {
    let info = registry::find(key)?;
    check_options(info, options)?;
    let (dataset, mut dropped) =
        (info.read)(&Source::new(info, options))?.into_dataset(info.key, &options.root);
    let dataset = match &options.exclude {
        Some(list) => {
            let (dataset, gone) =
                select::exclude(dataset, &select::read_exclusions(&options.root.join(list))?);
            dropped.extend(gone);
            dataset
        }
        None => dataset,
    };
    let (dataset, gone) = selection(info, options).apply(dataset)?;
    dropped.extend(gone);
    Ok(Reading { dataset, dropped })
}

fn selection(info: &DatasetInfo, options: &ReadOptions) -> Selection {
    Selection {
        min_samples: options.min_samples.unwrap_or(info.min_samples),
        max_samples: options.max_samples.or(info.max_samples).filter(|&max| max > 0),
        num_classes: options.num_classes,
        seed: options.seed,
    }
}

fn check_options(info: &DatasetInfo, options: &ReadOptions) -> Result<()> {
    match options.given().find(|name| !info.options.contains(name)) {
        None => Ok(()),
        Some(name) => {
            let known: Vec<&str> = info.options.iter().copied().chain(COMMON).collect();
            let known = known.join("`, `");
            Err(Error::Invalid(format!(
                "data set `{}` has no option `{name}`; its options are `{known}`",
                info.key
            )))
        }
    }
}
