//! From a data set to its view: every image gets its fingerprint.

use super::View;
use crate::{Dataset, Skipped, identity::KeyCache};
use std::path::PathBuf;

/// A data set by content.
#[derive(Clone, Debug, PartialEq)]
pub struct Resolved {
    /// The images that could be read.
    pub view: View,
    /// The images that could not, in order, with the reason; those that could not even be listed first.
    pub skipped: Vec<Skipped>,
}

/// Finds the fingerprint of every image of `dataset`; `verify` reads all of them, whatever `cache` remembers. `watch` is told how many
/// are known and returns whether to go on; `None` at a stop.
pub fn resolve(
    dataset: &Dataset,
    cache: &KeyCache,
    verify: bool,
    watch: impl FnMut(usize) -> bool,
) -> Option<Resolved> {
    let paths: Vec<PathBuf> = dataset.samples.iter().map(|s| dataset.root.join(&s.path)).collect();
    let found = cache.fingerprints(&paths, verify, watch);
    let (mut keys, mut skipped) = (Vec::with_capacity(found.len()), dataset.skipped.clone());
    for (sample, key) in dataset.samples.iter().zip(found) {
        match key? {
            Ok(key) => keys.push(Some(key)),
            Err(error) => {
                keys.push(None);
                skipped.push(Skipped::at(&sample.path, error.to_string()));
            }
        }
    }
    Some(Resolved { view: View::new(dataset, &keys), skipped })
}
