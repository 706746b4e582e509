//! Class sampling (Partial FC).

use crate::{Error, Result, draw};
use rand::Rng;

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
        let mut positives = ClassSet::none(num_classes);
        for (sample, &label) in labels.iter().enumerate() {
            if label as usize >= num_classes {
                return Err(Error::Label { label, sample, num_classes });
            }
            positives.insert(label);
        }
        let size = ((num_classes as f64 * fraction).round() as usize).max(positives.len);
        // Classes are drawn until enough different ones came up: every subset of the negatives is equally likely. Where most
        // are wanted, those that stay out are drawn instead, so that few draws are in vain.
        let (wanted, others) = (size - positives.len, num_classes - positives.len);
        let draw_out = wanted > others / 2;
        let mut drawn = positives.clone();
        let enough = positives.len + if draw_out { others - wanted } else { wanted };
        while drawn.len < enough {
            drawn.insert(draw::below(rng, num_classes as u32));
        }
        let classes = if draw_out {
            (0..num_classes as u32).filter(|&c| positives.contains(c) || !drawn.contains(c)).collect()
        } else {
            drawn.ascending()
        };
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

/// A set of classes, one bit each.
#[derive(Clone)]
struct ClassSet {
    words: Vec<u64>,
    len: usize,
}

impl ClassSet {
    fn none(num_classes: usize) -> Self {
        Self { words: vec![0; num_classes.div_ceil(64)], len: 0 }
    }

    fn contains(&self, class: u32) -> bool {
        self.words[class as usize / 64] >> (class % 64) & 1 == 1
    }

    fn insert(&mut self, class: u32) {
        let word = &mut self.words[class as usize / 64];
        self.len += usize::from(*word >> (class % 64) & 1 == 0);
        *word |= 1 << (class % 64);
    }

    fn ascending(&self) -> Vec<u32> {
        let mut classes = Vec::with_capacity(self.len);
        for (index, &word) in self.words.iter().enumerate() {
            let mut left = word;
            while left != 0 {
                classes.push(index as u32 * 64 + left.trailing_zeros());
                left &= left - 1;
            }
        }
        classes
    }
}
