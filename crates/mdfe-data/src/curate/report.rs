//! What a check found.

use crate::Skipped;
use serde::Serialize;
use std::{collections::BTreeSet, path::PathBuf};

/// A row of a data set that names an image.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Use {
    /// The split, such as `train`.
    pub split: String,
    /// The image, relative to the data folder.
    pub path: PathBuf,
    /// The domain.
    pub domain: String,
    /// The source's class id. In a data set whose images may show several classes ([`Dataset::multi_label`](crate::Dataset::multi_label)), all of
    /// the image's, sorted and joined by `, `: the image is one use.
    pub class: String,
}

/// An image that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unreadable {
    /// The image, relative to the data folder of the first row that names it, and why.
    #[serde(flatten)]
    pub image: Skipped,
    /// The rows that name it.
    pub uses: Vec<Use>,
}

/// Images with the same bytes, all their rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Content {
    /// The rows, in the order of the splits and their samples.
    pub uses: Vec<Use>,
}

/// Two contents that look the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NearPair {
    /// The one that comes first.
    pub first: Content,
    /// The other.
    pub second: Content,
    /// Bits of 64 in which the perceptual hashes differ.
    pub distance: u32,
}

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CheckReport {
    /// Images that were opened.
    pub images: usize,
    /// Images that cannot be read.
    pub unreadable: Vec<Unreadable>,
    /// Contents with more than one file or more than one class.
    pub exact: Vec<Content>,
    /// Pairs of contents that look the same, by distance.
    pub near: Vec<NearPair>,
    /// Whether the search for near pairs stopped at its limit, so that there may be more.
    pub near_truncated: bool,
    /// Images of a single colour, which no perceptual hash can tell apart; exact duplicates among them are found.
    pub plain: usize,
}

impl Content {
    /// Whether its rows disagree about the class: label noise.
    pub fn crosses_classes(&self) -> bool {
        classes(&self.uses).len() > 1
    }

    /// Whether it is in more than one split: a leak.
    pub fn crosses_splits(&self) -> bool {
        splits(&self.uses).len() > 1
    }
}

impl NearPair {
    /// Whether the two have different classes.
    pub fn crosses_classes(&self) -> bool {
        classes(&self.first.uses) != classes(&self.second.uses) || self.first.crosses_classes()
    }

    /// Whether one is in a split that the other is not in.
    pub fn crosses_splits(&self) -> bool {
        splits(&self.first.uses) != splits(&self.second.uses)
    }
}

impl CheckReport {
    /// The counts as text, one finding a line.
    pub fn summary(&self) -> String {
        let count = |n: usize, what: &str| format!("{n} {what}\n");
        let crossing =
            |classes: usize, splits: usize| format!(" ({classes} across classes, {splits} across splits)");
        let exact = crossing(
            self.exact.iter().filter(|c| c.crosses_classes()).count(),
            self.exact.iter().filter(|c| c.crosses_splits()).count(),
        );
        let near = crossing(
            self.near.iter().filter(|p| p.crosses_classes()).count(),
            self.near.iter().filter(|p| p.crosses_splits()).count(),
        );
        let more = if self.near_truncated { "; the search stopped at its limit" } else { "" };
        count(self.images, "images")
            + &count(self.unreadable.len(), "unreadable")
            + &count(self.exact.len(), &format!("contents more than once{exact}"))
            + &count(self.near.len(), &format!("pairs of near duplicates{near}{more}"))
            + &count(self.plain, "plain images, not compared by what they show")
    }
}

/// Classes of different domains have nothing to do with each other, so a class is both.
fn classes(uses: &[Use]) -> BTreeSet<(&str, &str)> {
    uses.iter().map(|u| (u.domain.as_str(), u.class.as_str())).collect()
}

fn splits(uses: &[Use]) -> BTreeSet<&str> {
    uses.iter().map(|u| u.split.as_str()).collect()
}
