//! Google Landmarks v2, the cleaned training set of the 2021 recognition challenge.

use super::prelude::*;
use crate::readers::source::Loaded;
use std::path::PathBuf;

/// The list of 10,000 classes that M4D-35k uses.
pub(crate) const LIST: &str = "gldv2_train_cls10000.csv";

pub(crate) static SET: DataSet = DataSet {
    info: DatasetInfo {
        key: "gldv2",
        domains: &["landmarks"],
        folders: &["google_landmark_recognition_2021"],
        licence: "annotations CC BY 4.0; each image under its own Creative Commons or public-domain licence",
        source: "https://www.kaggle.com/competitions/landmark-recognition-2021/data",
        tree: &[downloaded(&["train.csv"]), downloaded(&["train/"]), optional(&[LIST])],
        expected: Some(Expected {
            classes: 81_313,
            images: 1_580_470,
            rounded: false,
            of: "rows of train.csv",
        }),
        min_samples: 3,
        max_samples: Some(100),
        ..DatasetInfo::BLANK
    },
    list: List::Other(|source| read(source, &source.load(&["train.csv"])?)),
};

/// Reads a list with the columns `id,landmark_id`.
pub(crate) fn read(source: &Source<'_>, list: &Loaded) -> Result<Rows> {
    let domain = source.domain();
    let mut rows = Rows::default();
    list.rows(Format::Csv, ["id", "landmark_id"], |row| {
        let id = row.text(0);
        let path = image(source, id).ok_or_else(|| {
            row.fault(format!(
                "the id is `{id}`; ids have at least three letters or digits, which name the folders"
            ))
        })?;
        rows.push_number(path, row.int(1)?, &domain);
        Ok(())
    })?;
    Ok(rows)
}

/// Images lie three folders deep, by the first three characters of their id.
fn image(source: &Source<'_>, id: &str) -> Option<PathBuf> {
    let bytes = id.as_bytes();
    if !bytes.get(..3)?.iter().all(u8::is_ascii_alphanumeric) {
        return None;
    }
    Some(source.sample("train", &format!("{}/{}/{}/{id}.jpg", &id[..1], &id[1..2], &id[2..3])))
}
