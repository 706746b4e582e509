//! Images that lie in archives or are described by a file beside them: which there are, with their classes, and what is left out.

mod metadata;
mod pattern;
mod web_dataset;

pub(super) use metadata::METADATA;

use super::Rows;
use crate::{
    Domain, Error, Result, Skipped,
    members::{self, Archive, ImageColumn, TarIndex},
};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// One image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListedImage {
    /// Where it lies, relative to the listing's folder.
    pub path: PathBuf,
    /// The names of its classes; several where it shows several.
    pub labels: Vec<String>,
    /// Its domain, where that is said.
    pub domain: Option<String>,
}

/// Images in order, and what could not be listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// The images.
    pub images: Vec<ListedImage>,
    /// Damaged archives and images that cannot be used, relative to the listing's folder.
    pub skipped: Vec<Skipped>,
}

impl Listing {
    /// Lists the images of `file`, relative to `folder`: a tar or a Parquet file, or a pattern of them (`x-{000..010}.tar`, `x-*.tar`), or a
    /// `metadata.jsonl` with the images of its folder. Only names and classes are read.
    ///
    /// A tar is read as a WebDataset: files of one name up to its first dot belong together, an image with `.cls` or `.json` as its class.
    ///
    /// # Errors
    /// [`Error::Missing`] when no such file is there, [`Error::Malformed`] when a file is none of these.
    pub fn read(folder: &Path, file: &Path) -> Result<Self> {
        let mut listing = Self::default();
        if file.file_name().is_some_and(|name| name == METADATA) {
            metadata::list(folder, file, &mut listing)?;
            return Ok(listing);
        }
        let files = pattern::expand(folder, file)?;
        for file in &files {
            let path = folder.join(file);
            if !path.is_file() {
                listing.skip(file, "the file is missing".to_owned());
                continue;
            }
            let listed = match members::archive(file) {
                Some(Archive::Tar) => {
                    TarIndex::open(&path).map(|tar| web_dataset::list(&path, file, &tar, &mut listing))
                }
                Some(Archive::Parquet) => {
                    ImageColumn::open(&path).and_then(|column| column.list(file, &mut listing))
                }
                None => Err(Error::Malformed {
                    path: path.clone(),
                    line: None,
                    reason: "is no .tar and no .parquet file".to_owned(),
                }),
            };
            match listed {
                // One of many that is damaged costs that one; one alone is all there is.
                Err(error @ (Error::Malformed { .. } | Error::Io { .. })) if files.len() > 1 => {
                    tracing::warn!("skipped: {error}");
                    listing.skip(file, error.to_string());
                }
                listed => listed?,
            }
        }
        Ok(listing)
    }

    /// Notes what is left out, and why.
    pub(crate) fn skip(&mut self, path: &Path, reason: String) {
        self.skipped.push(Skipped::at(path, reason));
    }

    /// The images with classes, an image of several as a sample of each. One without a class is left out and listed.
    pub(super) fn into_rows(self, default: &Domain) -> Rows {
        let mut rows = Rows::default();
        rows.skipped = self.skipped;
        rows.multi_label = self.images.iter().any(|image| image.labels.len() > 1);
        for image in self.images {
            let domain = image.domain.as_deref().map_or_else(|| default.clone(), Domain::new);
            if image.labels.is_empty() {
                rows.skipped.push(Skipped::at(&image.path, "it has no class"));
            }
            for label in &image.labels {
                rows.push_text(image.path.clone(), label, &domain);
            }
        }
        rows
    }
}

/// What JSON says about an image: `label` or `labels`, texts or whole numbers, and `domain`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Described {
    label: Labels,
    labels: Labels,
    domain: Option<String>,
}

impl Described {
    /// The names of all classes.
    fn names(&self) -> Vec<String> {
        self.label.0.iter().chain(&self.labels.0).cloned().collect()
    }
}

/// One class or several, by names or numbers.
#[derive(Debug, Default, Deserialize)]
#[serde(from = "OneOrMany")]
struct Labels(Vec<String>);

#[derive(Deserialize)]
#[serde(untagged, expecting = "a class must be a text, a whole number or a list of them")]
enum OneOrMany {
    Many(Vec<Name>),
    One(Name),
    None,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Name {
    Number(i64),
    Text(String),
}

impl From<OneOrMany> for Labels {
    fn from(labels: OneOrMany) -> Self {
        let name = |name: Name| match name {
            Name::Number(number) => number.to_string(),
            Name::Text(text) => text,
        };
        Self(match labels {
            OneOrMany::Many(names) => names.into_iter().map(name).collect(),
            OneOrMany::One(one) => vec![name(one)],
            OneOrMany::None => Vec::new(),
        })
    }
}
