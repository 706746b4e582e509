//! What a reader or a selection left out, and why.

use crate::readers::formats;
use std::fmt;

/// Why samples were left out.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DropReason {
    /// The source lists the item and has no image of it (`hm`).
    NoImage,
    /// The row belongs to another split than the one asked for (`csv`).
    OtherSplit,
    /// An image that lies outside every class folder (`image_folder`).
    OutsideClassFolder,
    /// A file whose name is not UTF-8, which no list could hold (`image_folder`).
    NameNotUtf8,
    /// An image of this format, which is not decoded, such as `HEIC` (`image_folder`).
    NotDecoded(&'static str),
    /// A link that leads nowhere and bears an image's name (`image_folder`).
    DanglingLink,
    /// A link to a folder that was read under another name; counts links (`image_folder`).
    RepeatedFolder,
    /// An image that `metadata.jsonl` does not name (`image_folder`).
    NotDescribed,
    /// The image is in the exclusion list, which has `listed` images, of which `matched` are in the data set.
    Excluded {
        /// Images of the list.
        listed: usize,
        /// Those that the data set has.
        matched: usize,
    },
    /// The class has fewer samples than this.
    BelowMin(usize),
    /// The class has more samples than this; the rest was not drawn.
    AboveMax(usize),
    /// The class was not among this many drawn classes.
    NotChosen(usize),
}

impl fmt::Display for DropReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoImage => f.write_str("no image on disk"),
            Self::OtherSplit => f.write_str("another split"),
            Self::OutsideClassFolder => f.write_str("outside every class folder"),
            Self::NameNotUtf8 => f.write_str("file name is not UTF-8"),
            Self::NotDecoded(format) => f.write_str(&formats::remedy(format)),
            Self::DanglingLink => f.write_str("a link that leads nowhere"),
            Self::RepeatedFolder => f.write_str("a link to a folder that is read under another name"),
            Self::NotDescribed => f.write_str("not named in metadata.jsonl"),
            Self::Excluded { listed, matched } if listed == matched => f.write_str("in the exclusion list"),
            Self::Excluded { listed, matched } => {
                write!(f, "in the exclusion list, of whose {listed} images {matched} are in the data set")
            }
            Self::BelowMin(n) => write!(f, "class has fewer than {n} samples"),
            Self::AboveMax(n) => write!(f, "class has more than {n} samples"),
            Self::NotChosen(n) => write!(f, "class not among the {n} drawn"),
        }
    }
}

/// How much was left out for one reason.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Dropped {
    /// Why.
    pub reason: DropReason,
    /// Samples left out.
    pub samples: usize,
    /// Classes of which nothing is left for this reason.
    pub classes: usize,
}

impl fmt::Display for Dropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = if self.reason == DropReason::RepeatedFolder { "links" } else { "samples" };
        write!(f, "{} {what}", self.samples)?;
        if self.classes > 0 {
            write!(f, " ({} whole classes)", self.classes)?;
        }
        write!(f, ": {}", self.reason)
    }
}
