//! Which samples and classes of a data set are used: smallest and largest class, number of classes, exclusions.

mod dropped;
mod exclude;
mod generator;

pub use dropped::{DropReason, Dropped};
pub use exclude::{Exclusions, exclude, read_exclusions};

use crate::{Dataset, Error, Result, random::draw};
use generator::generator;

/// How a data set is cut down. The default keeps everything.
///
/// Applied in this order: classes below the minimum go, then `num_classes` of the rest are drawn, then classes above
/// the maximum are drawn down to it. Each draw depends on the seed, the data set's name and the class's own name only,
/// so the samples drawn of one class do not change when other options or other classes do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Classes with fewer samples are dropped (default 0: none).
    pub min_samples: usize,
    /// At most this many samples of a class are kept (default: all).
    pub max_samples: Option<usize>,
    /// Keep this many classes (default: all).
    pub num_classes: Option<usize>,
    /// Seed of the draws (default 0).
    pub seed: u64,
}

impl Selection {
    /// Cuts `dataset` down; the samples that stay keep their order, and labels stay dense and sorted.
    ///
    /// # Errors
    /// [`Error::Invalid`] where `num_classes` asks for none or for more classes than the minimum leaves, or
    /// `max_samples` is 0.
    pub fn apply(&self, dataset: Dataset) -> Result<(Dataset, Vec<Dropped>)> {
        let counts: Vec<usize> = dataset.class_counts().into_iter().map(|n| n as usize).collect();
        let mut dropped = Vec::new();
        let mut keep_class: Vec<bool> = counts.iter().map(|&n| n > 0 && n >= self.min_samples).collect();
        note(&mut dropped, DropReason::BelowMin(self.min_samples), &counts, |c| {
            counts[c] > 0 && !keep_class[c]
        });

        if let Some(wanted) = self.num_classes {
            let left: Vec<usize> = (0..counts.len()).filter(|&c| keep_class[c]).collect();
            if wanted == 0 || wanted > left.len() {
                return Err(Error::Invalid(format!(
                    "num_classes = {wanted} for `{}`, which has {} classes of at least {} samples; ask for 1 to {}",
                    dataset.name,
                    left.len(),
                    self.min_samples,
                    left.len()
                )));
            }
            let before = keep_class.clone();
            keep_class.fill(false);
            for i in draw(left.len(), wanted, &mut generator(self.seed, &[&dataset.name, "classes"])) {
                keep_class[left[i]] = true;
            }
            note(&mut dropped, DropReason::NotChosen(wanted), &counts, |c| before[c] && !keep_class[c]);
        }

        let mut keep_sample: Vec<bool> =
            dataset.samples.iter().map(|s| keep_class[s.class as usize]).collect();
        if let Some(max) = self.max_samples {
            if max == 0 {
                return Err(Error::Invalid(format!(
                    "max_samples = 0 for `{}` would keep nothing; leave it out to keep every sample",
                    dataset.name
                )));
            }
            let lost = self.draw_down(&dataset, &counts, max, &mut keep_sample);
            if lost > 0 {
                dropped.push(Dropped { reason: DropReason::AboveMax(max), samples: lost, classes: 0 });
            }
        }
        Ok((dataset.retain(&keep_sample), dropped))
    }

    /// Clears the marks of samples beyond the first `max` drawn of their class; returns how many.
    fn draw_down(&self, dataset: &Dataset, counts: &[usize], max: usize, keep: &mut [bool]) -> usize {
        // Positions of the samples of each class that is too large; other classes hold an empty list.
        let mut members: Vec<Vec<usize>> = vec![Vec::new(); counts.len()];
        for (i, sample) in dataset.samples.iter().enumerate() {
            if keep[i] && counts[sample.class as usize] > max {
                members[sample.class as usize].push(i);
            }
        }
        let mut lost = 0;
        for (class, positions) in members.iter().enumerate().filter(|(_, m)| !m.is_empty()) {
            let mut rng = generator(self.seed, &[&dataset.name, "samples", &dataset.class_names[class]]);
            positions.iter().for_each(|&i| keep[i] = false);
            draw(positions.len(), max, &mut rng).into_iter().for_each(|i| keep[positions[i]] = true);
            lost += positions.len() - max;
        }
        lost
    }
}

/// Adds an entry for the classes for which `gone` holds, if there are any.
fn note(dropped: &mut Vec<Dropped>, reason: DropReason, counts: &[usize], gone: impl Fn(usize) -> bool) {
    let classes: Vec<usize> = (0..counts.len()).filter(|&c| gone(c)).collect();
    if !classes.is_empty() {
        let samples = classes.iter().map(|&c| counts[c]).sum();
        dropped.push(Dropped { reason, samples, classes: classes.len() });
    }
}
