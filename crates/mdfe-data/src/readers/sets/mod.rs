//! The data sets, one file each: a constant `SET` that says what is known about it and how it is read.
//!
//! **To add one**: write its file and its line below. A set whose list has one row per image is data alone (see
//! `shopee.rs`); another one brings a function from a [`Source`](super::Source) to [`Rows`](super::Rows).

use super::{DataSet, DatasetInfo};

/// What the file of a data set needs to declare it.
mod prelude {
    pub(super) use crate::{
        Result,
        lists::table::Format,
        readers::{
            DataSet, Rows, Source,
            combined_list::CombinedList,
            data_set::List,
            image_list::{Classes, ImageList},
            info::{DatasetInfo, Expected, downloaded, optional, prepared},
            listing::Listing,
        },
    };
}

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
    web_dataset,
    parquet,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Origin;
    use std::collections::BTreeSet;

    #[test]
    fn every_file_of_this_folder_is_a_data_set_of_its_name_and_the_other_way_round() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/readers/sets");
        let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let files: BTreeSet<String> = names
            .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
            .filter(|name| name != "mod")
            .collect();
        let keys: BTreeSet<String> = INFOS.iter().map(|info| info.key.to_owned()).collect();
        assert_eq!(files, keys);
    }

    #[test]
    fn every_data_set_says_where_it_comes_from_and_what_its_options_are() {
        for info in INFOS {
            let key = info.key;
            assert!(!info.licence.is_empty() && !info.source.is_empty() && !info.domains.is_empty(), "{key}");
            assert!(!info.folders.is_empty() && info.tree.iter().all(|e| !e.paths.is_empty()), "{key}");
            assert!(info.options.iter().all(|o| crate::readers::options::SPECIAL.contains(o)), "{key}");
        }
    }

    #[test]
    fn what_preparation_makes_is_what_needs_preparation() {
        for info in INFOS {
            let made = info.tree.iter().any(|entry| entry.origin == Origin::Prepared);
            // The list of GLDv2 is for M4D-35k; the set itself is read as it is downloaded.
            assert_eq!(crate::needs_preparation(info), made || info.key == "gldv2", "{}", info.key);
        }
    }
}
