//! What a reader collects before classes are numbered.

use crate::{ClassId, Dataset, Domain, Dropped, Sample, Skipped};
use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

/// Samples in the reader's order, their classes numbered as they appear.
#[derive(Default)]
pub(crate) struct Rows {
    samples: Vec<Sample>,
    numbers: HashMap<i64, ClassId>,
    names: HashMap<String, ClassId>,
    next: ClassId,
    finished: Finished,
    /// What the reader itself left out.
    pub(crate) dropped: Vec<Dropped>,
    /// What could not be read.
    pub(super) skipped: Vec<Skipped>,
    /// Whether an image may show several classes.
    pub(super) multi_label: bool,
}

/// Classes of finished parts.
#[derive(Default)]
struct Finished {
    /// Their names, in the order of the labels.
    names: Vec<String>,
    /// The label of each number that was given out.
    labels: Vec<ClassId>,
}

impl Rows {
    /// Adds a sample whose class id is a number: such ids sort as numbers.
    pub(crate) fn push_number(&mut self, path: PathBuf, class: i64, domain: &Domain) {
        let class = *self.numbers.entry(class).or_insert_with(|| {
            self.next += 1;
            self.next - 1
        });
        self.samples.push(Sample { path, class, domain: domain.clone() });
    }

    /// Adds a sample whose class id is text: such ids sort by their bytes.
    pub(crate) fn push_text(&mut self, path: PathBuf, class: &str, domain: &Domain) {
        let known = self.names.get(class).copied();
        let class = known.unwrap_or_else(|| {
            self.names.insert(class.to_owned(), self.next);
            self.next += 1;
            self.next - 1
        });
        self.samples.push(Sample { path, class, domain: domain.clone() });
    }

    /// Ends a part: classes that follow are others than those before, also where their ids are the same, and their
    /// labels come after them.
    pub(crate) fn begin_part(&mut self) {
        let mut numbers: Vec<(i64, ClassId)> = self.numbers.drain().collect();
        let mut names: Vec<(String, ClassId)> = self.names.drain().collect();
        numbers.sort_unstable();
        names.sort_unstable();
        let numbers = numbers.into_iter().map(|(number, id)| (number.to_string(), id));
        let Finished { names: finished, labels } = &mut self.finished;
        labels.resize(self.next as usize, 0);
        for (class, id) in numbers.chain(names) {
            labels[id as usize] = finished.len() as ClassId;
            finished.push(class);
        }
    }

    /// Adds what was left out, unless that is nothing.
    pub(crate) fn note(&mut self, dropped: Dropped) {
        if dropped.samples > 0 {
            self.dropped.push(dropped);
        }
    }

    /// Numbers the classes densely in sorted order.
    pub(crate) fn into_dataset(mut self, name: &str, root: &Path) -> (Dataset, Vec<Dropped>) {
        self.begin_part();
        let Finished { names: class_names, labels } = self.finished;
        for sample in &mut self.samples {
            sample.class = labels[sample.class as usize];
        }
        let dataset = Dataset {
            name: name.to_owned(),
            root: root.to_path_buf(),
            samples: self.samples,
            class_names,
            skipped: self.skipped,
            multi_label: self.multi_label,
        };
        (dataset, self.dropped)
    }
}
