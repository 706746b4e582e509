//! What is embedded: images with their names and classes.

use super::Names;
use crate::{Dataset, Listing};
use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

/// One image to embed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputRow {
    /// The file.
    pub file: PathBuf,
    /// The path that stands in the embeddings file.
    pub name: String,
    /// Class, a position in [`Inputs::label_names`].
    pub label: Option<u32>,
    /// Domain, a position in [`Inputs::domain_names`].
    pub domain: Option<u32>,
    /// Why there is no image to read; `None` where there may be one.
    pub fault: Option<String>,
}

/// All images to embed, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inputs {
    /// The images.
    pub rows: Vec<InputRow>,
    /// Names of the classes; empty where the images have none.
    pub label_names: Names,
    /// Names of the domains; empty where the images have none.
    pub domain_names: Names,
    /// Of images that are no files of this machine, by [`InputRow::file`]: what changes when they do, such as an etag.
    pub versions: HashMap<PathBuf, String>,
}

impl Inputs {
    /// Images without classes.
    pub fn unlabelled(files: Vec<PathBuf>) -> Self {
        let row = |file: PathBuf| {
            let name = file.to_string_lossy().into_owned();
            InputRow { file, name, label: None, domain: None, fault: None }
        };
        Self { rows: files.into_iter().map(row).collect(), ..Self::default() }
    }

    /// Adds images of a listing in `folder`, with classes and domains where they have them: an image of several classes is a row of each.
    /// What the listing skips is a row that cannot be read. `name` as for [`Inputs::add`].
    pub fn list(&mut self, listing: &Listing, folder: &Path, name: impl Fn(&Path) -> String) {
        for image in &listing.images {
            let domain = image.domain.as_deref().map(|domain| self.domain_names.position(domain));
            let labels = image.labels.iter().map(|label| Some(self.label_names.position(label)));
            let labels: Vec<Option<u32>> = labels.collect();
            let row = |label| InputRow {
                file: folder.join(&image.path),
                name: name(&image.path),
                label,
                domain,
                fault: None,
            };
            let none = [None].into_iter().filter(|_| labels.is_empty());
            self.rows.extend(labels.iter().copied().chain(none).map(row));
        }
        for skipped in &listing.skipped {
            let path = Path::new(&skipped.path);
            self.refuse(folder.join(path), name(path), &skipped.reason);
        }
    }

    /// Adds a row that has no image, for this reason.
    fn refuse(&mut self, file: PathBuf, name: String, reason: &str) {
        let fault = Some(format!("{}: {reason}", file.display()));
        self.rows.push(InputRow { file, name, label: None, domain: None, fault });
    }

    /// Adds the samples of a data set, with classes and domains. `name` makes the path that stands in the embeddings file from the
    /// sample's, which is relative to the data set's root.
    pub fn add(&mut self, dataset: &Dataset, name: impl Fn(&Path) -> String) {
        let labels: Vec<u32> = dataset.class_names.iter().map(|n| self.label_names.position(n)).collect();
        for sample in &dataset.samples {
            let domain = self.domain_names.position(sample.domain.as_str());
            self.rows.push(InputRow {
                file: dataset.root.join(&sample.path),
                name: name(&sample.path),
                label: labels.get(sample.class as usize).copied(),
                domain: Some(domain),
                fault: None,
            });
        }
        for skipped in &dataset.skipped {
            let path = Path::new(&skipped.path);
            self.refuse(dataset.root.join(path), name(path), &skipped.reason);
        }
    }
}
