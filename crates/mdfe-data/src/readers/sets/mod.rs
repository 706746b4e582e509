//! The data sets, one file each: a constant `SET` that says what is known about it and how it is read.
//!
//! **To add one**: write its file and its line below. A set whose list has one row per image is data alone (see
//! `shopee.rs`); another one brings a function from a [`Source`](super::Source) to [`Rows`](super::Rows).

use super::{DataSet, DatasetInfo};

/// Declares the files and the tables of all of them, in the order of the documentation's table.
macro_rules! data_sets {
    ($($file:ident),+ $(,)?) => {
        $(pub(crate) mod $file;)+

        /// Every data set.
        pub(super) static ALL: &[&DataSet] = &[$(&$file::SET),+];
        /// What is known about each of them.
        pub(super) static INFOS: &[&DatasetInfo] = &[$(&$file::SET.info),+];
    };
}

data_sets! {
    products_10k,
    gldv2,
    deep_fashion,
    met_art,
    shopee,
    hm,
    rp2k,
    sop,
    fashion200k,
    food_rec22,
    stanford_cars,
    deep_fashion2,
    food101,
    furniture180,
    storefronts146,
    m4d_35k,
    uned,
    image_folder,
    csv,
}
