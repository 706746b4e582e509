//! Which emoji are in the pack, and what they are called.

use anyhow::{Context, Result, bail};
use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

/// The classes of the pack with their domain and split, sorted by domain and code.
///
/// They were drawn once among the emoji that all artists have: at most 110 of each Unicode group, so that the large groups
/// do not decide the score, without flags (the same drawing everywhere) and joined sequences (variants of another emoji);
/// half of each group trains. The draw is kept as a list, because the shuffle it came from is a library's, which may change.
const CLASSES: &str = include_str!("classes.csv");

/// One emoji.
#[derive(serde::Deserialize)]
pub(super) struct Class {
    /// Code points in lower-case hexadecimal joined by hyphens, without the variation selector.
    pub(super) code: String,
    /// Name in the Unicode CLDR, from the catalog of the packages.
    #[serde(skip)]
    pub(super) name: String,
    /// Domain: what a Unicode group is called here.
    pub(super) domain: String,
    /// What it is used for.
    pub(super) split: Split,
}

/// What a class is used for.
#[derive(Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Split {
    /// It trains.
    Train,
    /// It is unseen.
    Test,
}

impl Class {
    /// The image's path in the pack.
    pub(super) fn path(&self, artist: &str) -> PathBuf {
        ["images", artist, &self.domain, &format!("{}.png", self.code)].iter().collect()
    }
}

#[derive(serde::Deserialize)]
struct Entry {
    hexcode: String,
    annotation: String,
}

/// Every class of the pack, with its name out of the packages' `catalog`.
pub(super) fn classes(catalog: &Path) -> Result<Vec<Class>> {
    let text =
        std::fs::read_to_string(catalog).with_context(|| format!("cannot read {}", catalog.display()))?;
    let entries: Vec<Entry> =
        serde_json::from_str(&text).with_context(|| format!("cannot read {}", catalog.display()))?;
    let mut names = HashMap::new();
    for entry in entries {
        // The catalog may list one emoji with and without the variation selector; the first entry is its name.
        names.entry(entry.hexcode.to_lowercase().replace("-fe0f", "")).or_insert(entry.annotation);
    }
    let mut classes = Vec::new();
    for class in csv::Reader::from_reader(CLASSES.as_bytes()).into_deserialize() {
        let mut class: Class = class.context("classes.csv is not `code,domain,split`")?;
        let Some(name) = names.get(&class.code) else {
            bail!("{} has no {}, which classes.csv lists", catalog.display(), class.code);
        };
        class.name.clone_from(name);
        classes.push(class);
    }
    Ok(classes)
}
