//! The samples of every batch of every epoch, from a seed.

use super::cycle::Cycle;
use crate::random::shuffle;
use crate::{Error, Result};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;

/// Which samples an epoch holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sampling {
    /// Every sample once, shuffled (default).
    #[default]
    Uniform,
    /// Every class equally often: `per_class` different images of a class side by side (repeated only where a class has
    /// fewer), classes in shuffled rounds.
    ClassBalanced {
        /// Images of a class in a batch, M; the batch size is a multiple of it. 1 is uniform over classes.
        per_class: usize,
    },
    /// Every domain equally often in every batch, the samples of a domain in shuffled rounds.
    DomainBalanced,
}

/// How batches are formed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SamplerOptions {
    /// Samples of a batch, B (default: 128).
    pub batch: usize,
    /// Which samples (default: uniform).
    pub sampling: Sampling,
    /// Seed of the run (default: 0).
    pub seed: u64,
    /// Whether a last batch that is not full is left out (default: false).
    pub drop_last: bool,
}

impl Default for SamplerOptions {
    fn default() -> Self {
        Self { batch: 128, sampling: Sampling::Uniform, seed: 0, drop_last: false }
    }
}

/// The upper bits of the streams of orders; others are for other uses of a seed.
const STREAM: u64 = 3;

/// What a sampler must know of the samples.
#[derive(Clone, Copy, Debug)]
pub struct SampleFacts<'a> {
    /// Class of each, `[N]`.
    pub classes: &'a [u32],
    /// Domain of each, `[N]`.
    pub domains: &'a [u32],
}

/// Tells the samples of any batch of any epoch; nothing depends on what was asked before, so a run resumes anywhere.
#[derive(Clone, Debug)]
pub struct Sampler {
    options: SamplerOptions,
    count: usize,
    /// The samples of each class or domain, where the sampling asks for it.
    groups: Vec<Vec<u32>>,
}

impl Sampler {
    /// For samples of which class and domain are given, `[N]` each.
    ///
    /// Errors: [`Error::Invalid`] without samples, for columns of different lengths, a batch of 0, or a batch that is no multiple of
    /// `per_class`.
    pub fn new(samples: SampleFacts<'_>, options: SamplerOptions) -> Result<Self> {
        let SampleFacts { classes, domains } = samples;
        if classes.is_empty() || options.batch == 0 || classes.len() != domains.len() {
            return Err(Error::Invalid(format!(
                "batches need at least one sample each; there are {} samples, {} of them with a domain, and the batch size is {}",
                classes.len(),
                domains.len(),
                options.batch
            )));
        }
        let mut groups: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for ((i, &class), &domain) in (0..).zip(classes).zip(domains) {
            let group = match options.sampling {
                Sampling::Uniform => break,
                Sampling::ClassBalanced { .. } => class,
                Sampling::DomainBalanced => domain,
            };
            groups.entry(group).or_default().push(i);
        }
        if let Sampling::ClassBalanced { per_class } = options.sampling
            && (per_class == 0 || !options.batch.is_multiple_of(per_class))
        {
            return Err(Error::Invalid(format!(
                "a batch of {} is no multiple of {per_class} images per class; choose another size",
                options.batch
            )));
        }
        Ok(Self { options, count: classes.len(), groups: groups.into_values().collect() })
    }

    /// The options it was made with.
    pub fn options(&self) -> &SamplerOptions {
        &self.options
    }

    /// Batches of an epoch: as many as the data set fills, whatever the sampling.
    pub fn batches(&self) -> usize {
        if self.options.drop_last {
            self.count / self.options.batch
        } else {
            self.count.div_ceil(self.options.batch)
        }
    }

    /// The sample indices of one batch of an epoch, both from 0; empty behind the last.
    pub fn at(&self, epoch: u64, batch: usize) -> Vec<u32> {
        let order = self.epoch(epoch);
        order.into_iter().skip(batch.saturating_mul(self.options.batch)).take(self.options.batch).collect()
    }

    /// The sample indices of an epoch, batch after batch.
    pub fn epoch(&self, epoch: u64) -> Vec<u32> {
        let length = self.count.min(self.batches() * self.options.batch);
        let mut random = self.generator(epoch);
        match self.options.sampling {
            Sampling::Uniform => {
                let mut order: Vec<u32> = (0..self.count as u32).collect();
                shuffle(&mut order, &mut random);
                order.truncate(length);
                order
            }
            Sampling::ClassBalanced { per_class } => self.balanced(length, per_class, &mut random),
            Sampling::DomainBalanced => self.balanced(length, 1, &mut random),
        }
    }

    fn balanced(&self, length: usize, run: usize, random: &mut ChaCha8Rng) -> Vec<u32> {
        let mut members: Vec<Cycle> = self.groups.iter().map(|g| Cycle::new(g.clone())).collect();
        let mut groups = Cycle::new((0..members.len() as u32).collect());
        let mut order = Vec::with_capacity(length + run);
        while order.len() < length {
            let group = groups.draw(random) as usize;
            let first = order.len();
            while order.len() < first + run {
                let sample = members[group].draw(random);
                // At the seam of two rounds a sample may come again at once; it is passed over where others are left.
                let fresh = self.groups[group].len() < run || !order[first..].contains(&sample);
                if fresh {
                    order.push(sample);
                }
            }
        }
        order.truncate(length);
        order
    }

    /// ChaCha8 seeded with the run's seed, in a stream of its own for each epoch.
    fn generator(&self, epoch: u64) -> ChaCha8Rng {
        let mut random = ChaCha8Rng::seed_from_u64(self.options.seed);
        random.set_stream(STREAM << 48 | epoch);
        random
    }
}
