//! What fits and what does not, collected while a model asks for its tensors.

use std::collections::{BTreeMap, BTreeSet};

/// How many keys of one kind an error lists before it counts the rest.
const LISTED: usize = 8;

#[derive(Default)]
pub(super) struct Report {
    used: BTreeSet<String>,
    allowed: Vec<String>,
    /// Key to the shape asked for.
    missing: BTreeMap<String, Vec<usize>>,
    mis_shaped: BTreeSet<String>,
    /// Keys of `mis_shaped` alone, so that they are not called unexpected as well.
    known: BTreeSet<String>,
}

impl Report {
    pub(super) fn used(&mut self, key: &str) {
        self.used.insert(key.to_owned());
    }

    pub(super) fn allow(&mut self, start: String) {
        self.allowed.push(start);
    }

    pub(super) fn missing(&mut self, key: &str, shape: &[usize]) {
        self.missing.insert(key.to_owned(), shape.to_vec());
    }

    pub(super) fn all_missing(&self) -> Vec<(String, Vec<usize>)> {
        self.missing.clone().into_iter().collect()
    }

    pub(super) fn mis_shaped(&mut self, key: &str, found: &[usize], expected: &[usize]) {
        self.known.insert(key.to_owned());
        self.mis_shaped.insert(format!("`{key}` is {found:?}, expected {expected:?}"));
    }

    /// One clause for each kind of misfit; `None` when everything fits.
    pub(super) fn problems<'a>(&self, keys: impl Iterator<Item = &'a String>) -> Option<String> {
        let stray = |key: &&String| {
            let named = self.used.contains(*key) || self.known.contains(*key);
            !named && !self.allowed.iter().any(|start| key.starts_with(start))
        };
        let unexpected: Vec<String> = keys.filter(stray).map(|key| format!("`{key}`")).collect();
        let missing: Vec<String> =
            self.missing.iter().map(|(key, shape)| format!("`{key}` {shape:?}")).collect();
        let clauses = [
            clause("missing", missing.iter()),
            clause("mis-shaped", self.mis_shaped.iter()),
            clause("unexpected", unexpected.iter()),
        ];
        let clauses: Vec<String> = clauses.into_iter().flatten().collect();
        (!clauses.is_empty()).then(|| clauses.join("; "))
    }
}

fn clause<'a>(kind: &str, keys: impl ExactSizeIterator<Item = &'a String>) -> Option<String> {
    let count = keys.len();
    let listed: Vec<&str> = keys.take(LISTED).map(String::as_str).collect();
    let more = if count > LISTED { format!(" and {} more", count - LISTED) } else { String::new() };
    (count > 0).then(|| format!("{count} {kind}: {}{more}", listed.join(", ")))
}
