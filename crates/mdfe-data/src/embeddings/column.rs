//! A column of names as ids.

use super::Names;

/// A column of names that becomes ids: those of the known names first.
pub(super) struct Column {
    names: Names,
    ids: Option<Vec<i64>>,
}

impl Column {
    /// With names whose ids are their positions.
    pub(super) fn new(known: &[String]) -> Self {
        let mut names = Names::default();
        known.iter().for_each(|name| {
            names.position(name);
        });
        Self { names, ids: Some(Vec::new()) }
    }

    /// Adds a row. One without a name: none has one, since a number that names nothing is worse.
    pub(super) fn push(&mut self, name: Option<&str>) {
        match (name, &mut self.ids) {
            (Some(name), Some(ids)) => ids.push(i64::from(self.names.position(name))),
            _ => self.ids = None,
        }
    }

    /// Ids and names; no ids, no names.
    pub(super) fn finish(self) -> (Option<Vec<i64>>, Vec<String>) {
        match self.ids.filter(|ids| !ids.is_empty()) {
            Some(ids) => (Some(ids), self.names.as_slice().to_vec()),
            None => (None, Vec::new()),
        }
    }
}
