//! What is known about a data set before it is read.

/// A data set: its key, where it comes from, what lies on disk, and its defaults.
#[derive(Debug)]
#[non_exhaustive]
pub struct DatasetInfo {
    /// The key in configs and on the command line.
    pub key: &'static str,
    /// Other spellings in circulation.
    pub aliases: &'static [&'static str],
    /// The domains of its samples.
    pub domains: &'static [&'static str],
    /// Accepted names of its folder under the root, the usual one first; empty text is the root itself.
    pub folders: &'static [&'static str],
    /// Under what terms it may be used, in short; its page has the full text.
    pub licence: &'static str,
    /// The page to get it from.
    pub source: &'static str,
    /// What must lie in its folder.
    pub tree: &'static [TreeEntry],
    /// Counts of the real set, as the reader returns it with default options.
    pub expected: Option<Expected>,
    /// Classes with fewer samples are dropped by default.
    pub min_samples: usize,
    /// At most this many samples of a class are kept by default.
    pub max_samples: Option<usize>,
    /// Whether an image may show several classes, each in a sample of its own (default false). Elsewhere an image with two
    /// classes is a fault of the labels.
    pub multi_label: bool,
    /// Its options beside those that every data set has.
    pub options: &'static [&'static str],
}

/// A file or folder of a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TreeEntry {
    /// Accepted names relative to the data set's folder, the usual one first; a folder's ends in `/`.
    pub paths: &'static [&'static str],
    /// Where it comes from.
    pub origin: Origin,
}

/// Where a file of a data set comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Part of the download; needed.
    Downloaded,
    /// Part of the download; needed for preparation or an option only.
    Optional,
    /// Made by `cargo xtask prepare-data`, unless the user has the published one.
    Prepared,
}

/// Counts of a real data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Expected {
    /// Classes.
    pub classes: u64,
    /// Images.
    pub images: u64,
    /// Whether the counts are rounded to about three digits.
    pub rounded: bool,
    /// What exactly was counted, where it is not what the reader returns by default.
    pub of: &'static str,
}

impl DatasetInfo {
    /// Every field empty, as a base for constants.
    pub(crate) const BLANK: Self = Self {
        key: "",
        aliases: &[],
        domains: &[],
        folders: &[""],
        licence: "",
        source: "",
        tree: &[],
        expected: None,
        min_samples: 0,
        max_samples: None,
        multi_label: false,
        options: &[],
    };
}

/// A needed part of the download: one of `paths`.
pub(crate) const fn downloaded(paths: &'static [&'static str]) -> TreeEntry {
    TreeEntry { paths, origin: Origin::Downloaded }
}

/// A part of the download that only preparation or an option needs: one of `paths`.
pub(crate) const fn optional(paths: &'static [&'static str]) -> TreeEntry {
    TreeEntry { paths, origin: Origin::Optional }
}

/// A part made by preparation: one of `paths`.
pub(crate) const fn prepared(paths: &'static [&'static str]) -> TreeEntry {
    TreeEntry { paths, origin: Origin::Prepared }
}
