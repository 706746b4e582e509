//! H&M personalised fashion: shop images of articles, one class per product (its articles differ in colour).

use super::prelude::*;
use crate::{DropReason, Dropped};
use rayon::prelude::*;
use std::{collections::HashSet, path::PathBuf};

pub(super) static SET: DataSet = DataSet {
    info: DatasetInfo {
        key: "hm",
        domains: &["apparel"],
        folders: &["hm_personalized_fashion"],
        licence: "the competition's rules",
        source: "https://www.kaggle.com/competitions/h-and-m-personalized-fashion-recommendations/data",
        tree: &[downloaded(&["articles.csv"]), downloaded(&["images/"])],
        expected: Some(Expected {
            classes: 47_224,
            images: 105_542,
            rounded: false,
            of: "rows of articles.csv",
        }),
        min_samples: 3,
        ..DatasetInfo::BLANK
    },
    list: List::Other(read),
};

/// Ids are text with leading zeros. Some articles of the real set have no image, so every image is looked for.
fn read(source: &Source<'_>) -> Result<Rows> {
    let mut articles: Vec<(PathBuf, String)> = Vec::new();
    source.load(&["articles.csv"])?.rows(Format::Csv, ["article_id", "product_code"], |row| {
        let id = row.text(0);
        let folder = id.get(..3).ok_or_else(|| {
            row.fault(format!("`article_id` is `{id}`; it needs three digits, which name the image's folder"))
        })?;
        articles.push((source.sample("images", &format!("{folder}/{id}.jpg")), row.text(1).to_owned()));
        Ok(())
    })?;
    let root = &source.options.root;
    let there: Vec<bool> = articles.par_iter().map(|(path, _)| root.join(path).is_file()).collect();

    let domain = source.domain();
    let mut rows = Rows::default();
    let mut kept = HashSet::new();
    for ((path, class), _) in articles.iter().zip(&there).filter(|(_, there)| **there) {
        rows.push_text(path.clone(), class, &domain);
        kept.insert(class);
    }
    let lost: HashSet<&String> =
        articles.iter().map(|(_, class)| class).filter(|class| !kept.contains(class)).collect();
    let samples = there.iter().filter(|there| !**there).count();
    rows.note(Dropped { reason: DropReason::NoImage, samples, classes: lost.len() });
    Ok(rows)
}
