//! Any folder of images: one folder per class.

use super::prelude::*;
use crate::{
    Domain, DropReason, Dropped, Error,
    readers::walk::{FoundImages, find_images},
};
use std::{collections::BTreeMap, path::Component};

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
    let FoundImages { images, not_decoded, dangling, repeated } = find_images(root)?;
    for path in images {
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
    rows.note(Dropped { reason: DropReason::DanglingLink, samples: dangling.len(), classes: 0 });
    rows.note(Dropped { reason: DropReason::RepeatedFolder, samples: repeated.len(), classes: 0 });
    let mut formats: BTreeMap<&'static str, usize> = BTreeMap::new();
    not_decoded.iter().for_each(|(_, format)| *formats.entry(format).or_default() += 1);
    for (format, samples) in formats {
        rows.note(Dropped { reason: DropReason::NotDecoded(format), samples, classes: 0 });
    }
    Ok(rows)
}
