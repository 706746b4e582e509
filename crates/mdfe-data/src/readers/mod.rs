//! Reading a data set: one file per data set under `sets`, shared parts beside it.
//!
//! A data set declares what is known about it ([`DatasetInfo`]) and where its samples are listed. Reading keeps every row
//! of the source in its order; the selection comes after it.

mod combined_list;
mod data_set;
pub(crate) mod formats;
mod image_list;
pub(crate) mod info;
mod listing;
mod options;
mod rows;
pub(crate) mod sets;
pub(crate) mod source;
pub(crate) mod walk;

pub(crate) use data_set::DataSet;
pub use formats::IMAGE_EXTENSIONS;
pub use info::{DatasetInfo, Expected, Origin, TreeEntry};
pub use listing::{ListedImage, Listing};
pub(crate) use options::COMMON;
pub use options::ReadOptions;
pub(crate) use rows::Rows;
pub(crate) use source::Source;
pub use walk::{FoundImages, find_images, images};

use crate::{
    Dataset, Domain, Dropped, Error, Result,
    select::{self, Selection},
};
use combined_list::DomainsByFolder;
use data_set::List;

/// The splits and the protocol of UnED, the public benchmark of universal embeddings (arXiv 2309.01858).
pub mod uned {
    pub use super::sets::uned::{DOMAINS, Protocol, UnedImage, protocol, read_split};
}

/// What is known about every data set, in the order of the documentation's table.
pub fn datasets() -> &'static [&'static DatasetInfo] {
    sets::INFOS
}

/// What is known about the data set called `name`: a key or an alias.
///
/// # Errors
/// [`Error::Unknown`] lists the known keys, the nearest first.
pub fn find(name: &str) -> Result<&'static DatasetInfo> {
    data_set(name).map(|set| &set.info)
}

fn data_set(name: &str) -> Result<&'static DataSet> {
    let called = |set: &DataSet| set.info.key == name || set.info.aliases.contains(&name);
    let known = || datasets().iter().map(|info| info.key);
    sets::ALL.iter().copied().find(|set| called(set)).ok_or_else(|| Error::unknown("data set", name, known()))
}

/// A data set as it was read, and what was left out on the way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// The samples, classes dense in sorted order.
    pub dataset: Dataset,
    /// What was left out and why, in the order in which it went.
    pub dropped: Vec<Dropped>,
}

impl Reading {
    /// What was left out and why, a sentence for each reason.
    pub fn left_out(&self) -> Vec<String> {
        let dropped = self.dropped.iter().map(ToString::to_string);
        let skipped = &self.dataset.skipped;
        let first = skipped.first().map(|first| format!("{} unreadable: such as {first}", skipped.len()));
        dropped.chain(first).collect()
    }
}

/// Reads the training samples of the data set `key` (or one of its aliases).
///
/// Images are not opened, and not looked for except where the data set needs it (`hm`, `stanford_cars`, `uned`).
///
/// # Errors
/// [`Error::Unknown`] lists the known keys; [`Error::Missing`] names the missing file and where it comes from;
/// [`Error::Malformed`] the file and line that does not fit, or an exclusion list of which no image is in the data set;
/// [`Error::Invalid`] an option that does not fit.
pub fn read(key: &str, options: &ReadOptions) -> Result<Reading> {
    let set = data_set(key)?;
    let info = &set.info;
    check_options(info, options)?;
    let (mut dataset, mut dropped) =
        rows(set, &Source::new(info, options))?.into_dataset(info.key, &options.root);
    dataset.multi_label |= info.multi_label;
    let dataset = match &options.exclude {
        Some(list) => {
            let (dataset, gone) =
                select::exclude(dataset, &select::read_exclusions(&options.root.join(list))?)?;
            dropped.extend(gone);
            dataset
        }
        None => dataset,
    };
    let (dataset, gone) = selection(info, options).apply(dataset)?;
    dropped.extend(gone);
    Ok(Reading { dataset, dropped })
}

fn rows(set: &DataSet, source: &Source<'_>) -> Result<Rows> {
    match &set.list {
        List::Images(list) => list.read(source),
        List::Combined(list) => list.read(source, &domains_by_folder()),
        List::Other(read) => read(source),
    }
}

/// The domain of every data set that has a folder of its own and one domain.
fn domains_by_folder() -> DomainsByFolder {
    let single = datasets().iter().filter(|info| info.domains.len() == 1);
    let pairs = single.flat_map(|info| info.folders.iter().map(|f| (*f, Domain::new(info.domains[0]))));
    pairs.filter(|(folder, _)| !folder.is_empty()).collect()
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
