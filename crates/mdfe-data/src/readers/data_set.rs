//! A data set as its file declares it: what is known about it, and how it is read.

use super::{Rows, Source, combined_list::CombinedList, image_list::ImageList, info::DatasetInfo};
use crate::Result;

/// One data set.
pub(crate) struct DataSet {
    /// What is known before it is read.
    pub(crate) info: DatasetInfo,
    /// How it is read.
    pub(super) list: List,
}

/// Where the samples of a data set are listed.
pub(super) enum List {
    /// In a table with one row per image.
    Images(ImageList),
    /// In a table of images of other data sets.
    Combined(CombinedList),
    /// Otherwise: a function that keeps every row of the source in its order; the selection comes after it.
    Other(fn(&Source<'_>) -> Result<Rows>),
}
