//! The domain of each row, by name.

use crate::{Error, Result};
use std::collections::HashMap;

/// The domain of each row and the domains' names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Domains {
    ids: Vec<u32>,
    names: Vec<String>,
}

impl Domains {
    /// From positions in a list of names, one id for each row.
    ///
    /// # Errors
    /// [`Error::UnknownDomain`] names the row whose id is no position in `names`.
    pub fn from_ids(ids: &[i64], names: &[String]) -> Result<Self> {
        let check = |(row, &id): (usize, &i64)| match u32::try_from(id) {
            Ok(known) if (known as usize) < names.len() => Ok(known),
            _ => Err(Error::UnknownDomain { row, id, names: names.len() }),
        };
        Ok(Self { ids: ids.iter().enumerate().map(check).collect::<Result<_>>()?, names: names.to_vec() })
    }

    /// From the domain's name of each row; the names are listed in the order of their first appearance.
    pub fn from_names<'a>(rows: impl IntoIterator<Item = &'a str>) -> Self {
        let mut known = HashMap::new();
        let mut domains = Self::default();
        for name in rows {
            let id = *known.entry(name).or_insert_with(|| {
                domains.names.push(name.to_owned());
                (domains.names.len() - 1) as u32
            });
            domains.ids.push(id);
        }
        domains
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The name of a row's domain. Panics, as a slice does, when there is no such row.
    pub fn name(&self, row: usize) -> &str {
        &self.names[self.ids[row] as usize]
    }

    /// The names, in order.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The domains of the rows in a range.
    pub(crate) fn slice(&self, rows: std::ops::Range<usize>) -> Self {
        Self { ids: self.ids[rows].to_vec(), names: self.names.clone() }
    }

    /// The rows of the domain with this name, in order.
    pub fn rows_of(&self, name: &str) -> Vec<usize> {
        (0..self.len()).filter(|&row| self.name(row) == name).collect()
    }
}
