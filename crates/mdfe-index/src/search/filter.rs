//! Which rows may be found.

use crate::{Error, Index, Result, segment::Segment};
use mdfe_data::tensors::TextColumn;
use std::{collections::BTreeSet, sync::Arc};

/// Rows of these domains and classes; of all where none is named. Values of one kind are alternatives, the two kinds must both fit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Names of domains.
    pub domains: Vec<String>,
    /// Names of classes.
    pub labels: Vec<String>,
}

/// For each segment the positions of its rows that are looked at; `None` for all.
pub(crate) type Keep = Vec<Option<Vec<u32>>>;

/// Known names that a message lists.
const LISTED: usize = 20;

impl Index {
    /// The rows that a filter keeps and that were not removed.
    pub(crate) fn keep(&self, filter: &Filter) -> Result<Keep> {
        for (what, wanted) in [("domain", &filter.domains), ("label", &filter.labels)] {
            let unknown = wanted.iter().find(|name| !self.names(what).any(|known| known == *name));
            if let Some(name) = unknown {
                let known: BTreeSet<&str> = self.names(what).collect();
                let mut known: Vec<&str> = known.into_iter().take(LISTED + 1).collect();
                if known.len() > LISTED {
                    known[LISTED] = "...";
                }
                let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                return Err(Error::UnknownName { what, name: name.clone(), known });
            }
        }
        let one = |segment: &Arc<Segment>| {
            let removed = self.removed.among(segment.first, segment.rows);
            if removed.is_empty() && filter.domains.is_empty() && filter.labels.is_empty() {
                return None;
            }
            let domains = Wanted::of(&filter.domains, segment.domain_names(), segment.domains());
            let labels = Wanted::of(&filter.labels, segment.label_names(), segment.labels());
            let mut removed = removed.iter().copied().peekable();
            let fits = |&at: &u32| {
                let gone = removed.next_if_eq(&(segment.first + at)).is_some();
                !gone && domains.has(at) && labels.has(at)
            };
            Some((0..segment.rows as u32).filter(fits).collect())
        };
        Ok(self.segments.iter().map(one).collect())
    }

    /// The names of all domains or labels, one segment after the other.
    fn names(&self, what: &'static str) -> impl Iterator<Item = &str> {
        self.segments.iter().flat_map(move |segment| {
            if what == "domain" { segment.domain_names().iter() } else { segment.label_names().iter() }
        })
    }
}

/// What a filter means in one segment.
enum Wanted<'a> {
    /// Every row fits.
    All,
    /// The rows with a name that is wanted: each row's name, and for each name whether it is.
    Named(&'a [u32], Vec<bool>),
}

impl<'a> Wanted<'a> {
    fn of(wanted: &[String], names: &TextColumn, ids: Option<&'a [u32]>) -> Self {
        if wanted.is_empty() {
            return Self::All;
        }
        let fits = names.iter().map(|name| wanted.iter().any(|w| w == name)).collect();
        Self::Named(ids.unwrap_or_default(), fits)
    }

    fn has(&self, at: u32) -> bool {
        match self {
            Self::All => true,
            Self::Named(ids, fits) => {
                ids.get(at as usize).and_then(|&id| fits.get(id as usize)).is_some_and(|&fits| fits)
            }
        }
    }
}
