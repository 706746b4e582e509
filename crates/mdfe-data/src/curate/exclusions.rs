//! From findings to a list of images that training leaves out.

use super::{CheckReport, Use};
use crate::Skipped;
use std::{collections::HashSet, path::Path};

/// Which near duplicates are left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NearPolicy {
    /// None.
    Keep,
    /// Those that cross splits (default): training on them would flatter the test.
    #[default]
    Leaks,
    /// Those, and those that cross classes. Views of one object that look alike within a class are worth keeping.
    LeaksAndClasses,
}

/// The images of `split` (usually `train`) to leave out, relative to the data folder, each once, in the order of the findings:
/// unreadable ones; exact duplicates of another split's images; all copies of a content whose classes disagree,
/// because nobody can say which is right; further copies within a class; near duplicates by `near`.
pub fn exclusions(report: &CheckReport, split: &str, near: NearPolicy) -> Vec<Skipped> {
    let mut list = List { split, seen: HashSet::new(), exclusions: Vec::new() };
    for item in &report.unreadable {
        list.add_all(&item.uses, &item.image.reason);
    }
    for content in &report.exact {
        let other = content.uses.iter().find(|u| u.split != split);
        let mine = || content.uses.iter().filter(|u| u.split == split);
        let Some(first) = mine().next() else { continue };
        if let Some(other) = other {
            list.add_all(
                &content.uses,
                &format!("the same file is in {}: {}", other.split, other.path.display()),
            );
        } else if let Some(rival) = mine().find(|u| u.class != first.class || u.domain != first.domain) {
            let reason = format!("the same file has the classes {} and {}", first.class, rival.class);
            list.add_all(&content.uses, &reason);
        } else {
            for copy in mine().filter(|u| u.path != first.path) {
                list.add(copy, &format!("the same file as {}", first.path.display()));
            }
        }
    }
    for pair in &report.near {
        let leak = near != NearPolicy::Keep && pair.crosses_splits();
        let noise = near == NearPolicy::LeaksAndClasses && pair.crosses_classes();
        if leak || noise {
            for (one, other) in [(&pair.first, &pair.second), (&pair.second, &pair.first)] {
                // A leak costs the images whose look-alike is in another split; noise costs both.
                let Some(alike) = other.uses.iter().find(|u| noise || u.split != split) else { continue };
                list.add_all(&one.uses, &format!("looks like {} ({})", alike.path.display(), alike.split));
            }
        }
    }
    list.exclusions
}

struct List<'a> {
    split: &'a str,
    seen: HashSet<&'a Path>,
    exclusions: Vec<Skipped>,
}

impl<'a> List<'a> {
    fn add(&mut self, usage: &'a Use, reason: &str) {
        if usage.split == self.split && self.seen.insert(&usage.path) {
            self.exclusions.push(Skipped::at(&usage.path, reason));
        }
    }

    fn add_all(&mut self, uses: &'a [Use], reason: &str) {
        uses.iter().for_each(|u| self.add(u, reason));
    }
}
