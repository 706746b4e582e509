//! Class sampling (Partial FC).

use crate::{Error, Result};
use rand::{Rng, RngExt};

/// The classes that take part in one step: the batch's own and a random share of the others.
///
/// An et al., "Killing Two Birds with One Stone: Efficient and Robust Training of Face Recognition CNNs by Partial FC" (2203.15565).
/// The softmax runs over the sampled classes only, and only their centers are read and updated. At a million classes
/// a tenth of them loses little accuracy and costs a tenth of the time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassSample {
    /// Ascending, distinct.
    classes: Vec<u32>,
    num_classes: usize,
}

impl ClassSample {
    /// All classes of `labels` and as many random others as make `fraction` of all C classes together.
    ///
    /// `fraction` is in (0, 1]. If the batch alone has more classes than that, all of them are kept and no other is drawn.
    /// The same generator state gives the same sample.
    pub fn draw<R: Rng + ?Sized>(
        labels: &[u32],
        num_classes: usize,
        fraction: f64,
        rng: &mut R,
    ) -> Result<Self> {
        if !(fraction > 0.0 && fraction <= 1.0) {
            let (loss, option, allowed) = ("class sampling", "fraction", "above 0 and at most 1");
            return Err(Error::Option { loss, option, value: fraction, allowed });
        }
        let mut positives = vec![false; num_classes];
        for (sample, &label) in labels.iter().enumerate() {
            *positives.get_mut(label as usize).ok_or(Error::Label { label, sample, num_classes })? = true;
        }
        let present = positives.iter().filter(|&&positive| positive).count();
        let size = ((num_classes as f64 * fraction).round() as usize).max(present);
        // Selection sampling (Knuth's algorithm S): one pass, ascending, every subset of the negatives equally likely.
        let (mut wanted, mut left) = (size - present, num_classes - present);
        let mut classes = Vec::with_capacity(size);
        for (class, positive) in positives.into_iter().enumerate() {
            let take = if positive {
                true
            } else {
                let take = wanted > 0 && rng.random::<f64>() * (left as f64) < wanted as f64;
                wanted -= usize::from(take);
                left -= 1;
                take
            };
            if take {
                classes.push(class as u32);
            }
        }
        Ok(Self { classes, num_classes })
    }

    /// The sampled classes, ascending.
    pub fn classes(&self) -> &[u32] {
        &self.classes
    }

    /// C, the number of classes drawn from.
    pub fn num_classes(&self) -> usize {
        self.num_classes
    }
}
