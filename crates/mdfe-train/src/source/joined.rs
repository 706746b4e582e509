//! Several views as one list of samples.

use super::Facts;
use mdfe_data::{identity::Fingerprint, store::View};
use std::collections::BTreeMap;

/// Views one after the other: their classes side by side, domains of one name as one.
#[derive(Clone, Debug)]
pub(super) struct Joined {
    pub(super) facts: Facts,
    /// First row of each view.
    starts: Vec<usize>,
}

/// Where a sample lies.
pub(super) struct Place {
    /// Which view.
    pub(super) part: usize,
    /// Which of its rows.
    pub(super) row: usize,
}

impl Joined {
    pub(super) fn new<'v>(views: impl Iterator<Item = &'v View>, fingerprint: Fingerprint) -> Self {
        let (mut labels, mut domains, mut num_classes) = (Vec::new(), Vec::new(), 0);
        let (mut starts, mut ids) = (Vec::new(), BTreeMap::new());
        for view in views {
            starts.push(labels.len());
            labels.extend(view.labels().iter().map(|label| label + num_classes as u32));
            num_classes += view.class_names().len();
            for &id in view.domain_ids() {
                let next = ids.len() as u32;
                let name = view.domains()[id as usize].as_str();
                domains.push(*ids.entry(name.to_owned()).or_insert(next));
            }
        }
        Self { facts: Facts { labels, domains, num_classes, fingerprint }, starts }
    }

    pub(super) fn place(&self, sample: u32) -> Place {
        let sample = sample as usize;
        let part = self.starts.partition_point(|&start| start <= sample) - 1;
        Place { part, row: sample - self.starts[part] }
    }
}
