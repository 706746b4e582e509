//! The Met data set: exhibits of the Metropolitan Museum of Art, one class per exhibit.

use super::prelude::*;

const FILE: &str = "ground_truth/MET_database.json";

pub(super) static SET: DataSet = DataSet {
    info: DatasetInfo {
        key: "met_art",
        domains: &["artwork"],
        folders: &["met_dataset"],
        licence: "images from the museum's Open Access programme; see the page for the annotations",
        source: "http://cmp.felk.cvut.cz/met",
        tree: &[downloaded(&[FILE]), downloaded(&["MET/"])],
        expected: Some(Expected {
            classes: 224_408,
            images: 397_121,
            rounded: false,
            of: "before min_samples",
        }),
        min_samples: 3,
        ..DatasetInfo::BLANK
    },
    list: List::Other(read),
};

#[derive(serde::Deserialize)]
struct Entry {
    id: i64,
    path: String,
}

fn read(source: &Source<'_>) -> Result<Rows> {
    let entries: Vec<Entry> = source.load(&[FILE])?.json()?;
    let prefix = entries.first().map_or("MET", |e| source.prefix("MET", &e.path));
    let domain = source.domain();
    let mut rows = Rows::default();
    for entry in entries {
        rows.push_number(source.sample(prefix, &entry.path), entry.id, &domain);
    }
    Ok(rows)
}
