//! Any folder of images: one folder per class.

use super::prelude::*;
use crate::{Domain, DropReason, Dropped, Error, readers::walk};
use std::path::Component;

pub(super) static SET: DataSet = DataSet {
    info: DatasetInfo {
        key: "image_folder",
        domains: &["images"],
        licence: "your own",
        source: "your own images, as DIR/CLASS/**/*.jpg",
        options: &["domain"],
        ..DatasetInfo::BLANK
    },
    list: List::Other(read),
};

/// The class is the first folder of a path, as text (`10` before `9`); samples are in byte order of their paths.
fn read(source: &Source<'_>) -> Result<Rows> {
    let root = &source.options.root;
    if !root.is_dir() {
        let remedy = "give the folder that holds one folder of images per class".to_owned();
        return Err(Error::Missing { path: root.clone(), remedy });
    }
    let domain = source.options.domain.as_deref().map_or_else(|| source.domain(), Domain::new);
    let mut rows = Rows::default();
    let (mut outside, mut unnamed) = (0, 0);
    for path in walk::images(root)? {
        let mut parts = path.components();
        match (path.to_str(), parts.next(), parts.next()) {
            (None, ..) => unnamed += 1,
            (_, Some(Component::Normal(class)), Some(_)) => {
                let class = class.to_string_lossy().into_owned();
                rows.push_text(path, &class, &domain);
            }
            _ => outside += 1,
        }
    }
    rows.note(Dropped { reason: DropReason::OutsideClassFolder, samples: outside, classes: 0 });
    rows.note(Dropped { reason: DropReason::NameNotUtf8, samples: unnamed, classes: 0 });
    Ok(rows)
}
