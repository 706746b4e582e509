//! What a run is scored on.

use mdfe_data::Dataset;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Where the queries of a test set came from and what they search.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "snake_case")]
pub enum Protocol {
    /// Queries search an index of other images.
    QueryIndex,
    /// Every image searches the others of its set.
    LeaveOneOut,
    /// As [`Protocol::LeaveOneOut`], among classes that training does not see.
    HeldOutClasses {
        /// How many.
        classes: usize,
        /// `eval.seed`.
        seed: u64,
    },
    /// One image in five of each class, which training does not see, searches the training images.
    HeldOutImages {
        /// `eval.seed`.
        seed: u64,
    },
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::QueryIndex => f.write_str("queries search the index"),
            Self::LeaveOneOut => f.write_str("every image searches the others"),
            Self::HeldOutClasses { classes, seed } => {
                write!(f, "{classes} held-out classes, every image searches the others (eval.seed {seed})")
            }
            Self::HeldOutImages { seed } => {
                write!(f, "one image in five of each class searches the training images (eval.seed {seed})")
            }
        }
    }
}

/// A query set and what it searches.
#[derive(Clone, Debug, PartialEq)]
pub struct TestSet {
    /// Its name in tables.
    pub name: String,
    /// The queries.
    pub query: Dataset,
    /// The index; `None` for the queries themselves.
    pub index: Option<Dataset>,
    /// How it is scored.
    pub protocol: Protocol,
}
