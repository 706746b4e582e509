//! DeepFashion2: garments in shops and on people, one class per pair and style.

use super::{Rows, Source};
use crate::{
    Result,
    registry::info::{DatasetInfo, optional, prepared},
};

pub(crate) const INFO: DatasetInfo = DatasetInfo {
    key: "deep_fashion2",
    domains: &["apparel"],
    folders: &["deep_fashion2", "deepfashion2"],
    licence: "non-commercial research, by agreement",
    source: "https://github.com/switchablenorms/DeepFashion2",
    tree: &[
        optional(&["image/"]),
        optional(&["annos/"]),
        prepared(&["preprocessed_imgs/"]),
        prepared(&["train.csv"]),
    ],
    min_samples: 3,
    read,
    ..DatasetInfo::BLANK
};

/// Classes are text: `{pair}_{style}`.
fn read(source: &Source<'_>) -> Result<Rows> {
    let domain = source.domain();
    let mut rows = Rows::default();
    source.load(&["train.csv"])?.rows(["img_path", "label"], |row| {
        rows.push_text(source.sample("", row.text(0)), row.text(1), &domain);
        Ok(())
    })?;
    Ok(rows)
}
