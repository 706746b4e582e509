//! M4D-35k, the method's training set: parts of four data sets in one list.

use super::{ALL, Rows, Source};
use crate::{
    Domain, Result,
    registry::info::{DatasetInfo, Expected, optional, prepared},
};
use std::collections::HashMap;

/// The combined list, published or made by preparation.
pub(crate) const LIST: &str = "m4d-35k_train.csv";

pub(crate) const INFO: DatasetInfo = DatasetInfo {
    key: "m4d_35k",
    aliases: &["m4d-35k"],
    domains: &["packaged_goods", "landmarks", "apparel", "cars"],
    licence: "that of its four parts",
    source: "the pages of products_10k, gldv2, deep_fashion and stanford_cars",
    tree: &[
        optional(&["products-10k/train.csv"]),
        optional(&[
            "google_landmark_recognition_2021/train.csv",
            "google_landmark_recognition_2021/gldv2_train_cls10000.csv",
        ]),
        optional(&["deepfashion/deepfashion_train.json"]),
        optional(&[
            "stanford_cars/sc_refined_train.csv",
            "stanford_cars/sc_train_refined.csv",
            "stanford_cars/refined_train.csv",
        ]),
        prepared(&[LIST]),
    ],
    expected: Some(Expected { classes: 34_800, images: 328_400, rounded: true, of: "" }),
    read,
    ..DatasetInfo::BLANK
};

/// Labels are numbers where all of them are, else text; a domain follows from the first folder of the path.
fn read(source: &Source<'_>) -> Result<Rows> {
    let list = source.load(&[LIST])?;
    let mut all_numbers = true;
    list.rows(["img_path", "label"], |row| {
        all_numbers &= row.int(1).is_ok();
        Ok(())
    })?;
    let domains = domains_by_folder();
    let mut rows = Rows::default();
    list.rows(["img_path", "label"], |row| {
        let path = row.text(0).trim_start_matches("./");
        let folder = path.split('/').next().unwrap_or_default();
        let domain = domains.get(folder).ok_or_else(|| {
            let mut known: Vec<&str> = domains.keys().copied().collect();
            known.sort_unstable();
            let known = known.join("`, `");
            row.fault(format!("`{path}` begins with no data set's folder; the folders are `{known}`"))
        })?;
        let path = source.sample("", path);
        if all_numbers {
            rows.push_number(path, row.int(1)?, domain)
        } else {
            rows.push_text(path, row.text(1), domain)
        }
        Ok(())
    })?;
    Ok(rows)
}

/// The domain of every data set that has a folder of its own and one domain.
fn domains_by_folder() -> HashMap<&'static str, Domain> {
    let single = ALL.iter().filter(|info| info.domains.len() == 1);
    let pairs = single.flat_map(|info| info.folders.iter().map(|f| (*f, Domain::new(info.domains[0]))));
    pairs.filter(|(folder, _)| !folder.is_empty()).collect()
}
