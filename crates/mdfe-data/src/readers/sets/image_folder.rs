//! Any folder of images: one folder per class, or a `metadata.jsonl` that says the classes.

use super::prelude::*;
use crate::{
    Domain, DropReason, Dropped, Error,
    readers::{
        listing::METADATA,
        walk::{FoundImages, find_images},
    },
};
use std::{
    collections::{BTreeMap, HashSet},
    path::{Component, Path},
};

pub(super) static SET: DataSet = DataSet {
    info: DatasetInfo {
        key: "image_folder",
        domains: &["images"],
        licence: "your own",
        source: "your own images, as DIR/CLASS/**/*.jpg or with DIR/metadata.jsonl",
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
    let domain = source.default_domain();
    if root.join(METADATA).is_file() {
        return described(root, &domain);
    }
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

/// The images that the metadata names. The class of a line without one is the first folder of its path; lines without either are left
/// out and listed, images without a line are counted.
fn described(root: &Path, domain: &Domain) -> Result<Rows> {
    let mut listing = Listing::read(root, Path::new(METADATA))?;
    for image in listing.images.iter_mut().filter(|image| image.labels.is_empty()) {
        let mut parts = image.path.components();
        if let (Some(Component::Normal(class)), Some(_)) = (parts.next(), parts.next()) {
            image.labels.push(class.to_string_lossy().into_owned());
        }
    }
    let named: HashSet<&Path> = listing.images.iter().map(|image| image.path.as_path()).collect();
    let found = find_images(root)?.images;
    let unnamed = found.iter().filter(|path| !named.contains(path.as_path())).count();
    let mut rows = listing.into_rows(domain);
    rows.note(Dropped { reason: DropReason::NotDescribed, samples: unnamed, classes: 0 });
    Ok(rows)
}
