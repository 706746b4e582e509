//! Samples, classes and domains: what every reader returns.

use crate::Skipped;
use std::{fmt, path::PathBuf, sync::Arc};

/// Dense class label, `0..C`, in the sorted order of the source's class ids.
pub type ClassId = u32;

/// The domain of a sample, such as `landmarks`; cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Domain(Arc<str>);

impl Domain {
    /// The domain called `name`.
    pub fn new(name: &str) -> Self {
        Self(name.into())
    }

    /// The name, as written in results.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for Domain {
    fn from(name: String) -> Self {
        Self(name.into())
    }
}

impl From<Domain> for String {
    fn from(domain: Domain) -> Self {
        domain.as_str().to_owned()
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One labelled image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// The image's file, relative to [`Dataset::root`].
    pub path: PathBuf,
    /// Dense class label.
    pub class: ClassId,
    /// The domain of the sample.
    pub domain: Domain,
}

/// An ordered list of samples with the names of their classes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dataset {
    /// The key of the data set, such as `products_10k`; keys joined by `+` after a combination.
    pub name: String,
    /// The folder that sample paths are relative to.
    pub root: PathBuf,
    /// The samples in the reader's order.
    pub samples: Vec<Sample>,
    /// The source's class name of each dense label, `[C]`.
    pub class_names: Vec<String>,
    /// Images and archives that could not even be listed; they count as unreadable images do (default: none).
    pub skipped: Vec<Skipped>,
    /// Whether an image may show several classes, each in a sample of its own (default false). Elsewhere an image with two classes is a
    /// fault of the labels.
    pub multi_label: bool,
}

impl Dataset {
    /// The number of classes, C.
    pub fn num_classes(&self) -> usize {
        self.class_names.len()
    }

    /// The number of samples of each class, `[C]`, indexed by class id.
    pub fn class_counts(&self) -> Vec<u64> {
        let mut counts = vec![0; self.num_classes()];
        for sample in &self.samples {
            counts[sample.class as usize] += 1;
        }
        counts
    }

    /// Joins data sets: samples follow each other, and the labels of each follow those of the one before. Classes of
    /// the same name stay apart, and every sample keeps its domain.
    ///
    /// The root is the common one; where the roots differ it is empty and every path holds its own root.
    pub fn concat(parts: Vec<Dataset>) -> Self {
        let names: Vec<&str> = parts.iter().map(|p| p.name.as_str()).collect();
        let root = parts.first().map(|p| p.root.clone()).unwrap_or_default();
        let common = parts.iter().all(|p| p.root == root);
        let mut joined = Self {
            name: names.join("+"),
            root: if common { root } else { PathBuf::new() },
            ..Self::default()
        };
        for part in parts {
            let offset = joined.class_names.len() as ClassId;
            joined.class_names.extend(part.class_names);
            joined.skipped.extend(part.skipped);
            joined.multi_label |= part.multi_label;
            joined.samples.extend(part.samples.into_iter().map(|sample| Sample {
                path: if common { sample.path } else { part.root.join(sample.path) },
                class: sample.class + offset,
                domain: sample.domain,
            }));
        }
        joined
    }

    /// The samples for which `keep` holds, in order; classes without a sample go and labels close up.
    pub(crate) fn retain(mut self, keep: &[bool]) -> Self {
        let mut used = vec![false; self.num_classes()];
        for (sample, _) in self.samples.iter().zip(keep).filter(|(_, keep)| **keep) {
            used[sample.class as usize] = true;
        }
        let mut next = 0;
        let labels: Vec<ClassId> = used
            .iter()
            .map(|&used| {
                next += ClassId::from(used);
                next.wrapping_sub(1)
            })
            .collect();
        let mut flags = keep.iter();
        self.samples.retain_mut(|sample| {
            sample.class = labels[sample.class as usize];
            flags.next().copied().unwrap_or(false)
        });
        let mut flags = used.iter();
        self.class_names.retain(|_| flags.next().copied().unwrap_or(false));
        self
    }
}
