//! Whether one result is better than another on the same queries.

use crate::{
    Bootstrap, Interval,
    resample::{Purpose, below, generator},
};
use rand::Rng;
use rayon::prelude::*;
use serde::Serialize;

/// A paired randomisation test with an interval of the difference.
///
/// If the two results were alike, each query's difference could as well have the other sign: the p-value is the share of random signs
/// under which the mean difference is at least as far from zero, the one seen counted in. Two-sided; exact in the limit of many
/// permutations, whatever the differences' distribution.
///
/// Source: Smucker, Allan and Carterette, "A Comparison of Statistical Significance Tests for Information Retrieval Evaluation",
/// CIKM 2007; counted as Phipson and Smyth, "Permutation P-values Should Never Be Zero", 2010.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PairedTest {
    /// How many random signs. Default 10000.
    pub permutations: usize,
    /// The interval of the mean difference; its seed is the signs', too.
    pub bootstrap: Bootstrap,
}

impl Default for PairedTest {
    fn default() -> Self {
        Self { permutations: 10_000, bootstrap: Bootstrap::default() }
    }
}

/// One metric of two results on the same queries.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct PairedDifference {
    /// Number of queries.
    pub queries: usize,
    /// How many of them the first result answers better.
    pub better: usize,
    /// How many of them it answers worse.
    pub worse: usize,
    /// Mean of the first less mean of the second.
    pub difference: f64,
    /// Bootstrap interval of the difference.
    pub interval: Interval,
    /// Two-sided.
    pub p_value: f64,
}

impl PairedTest {
    /// Compares two results query by query; `None` without queries. Pairs are (the first's value, the second's).
    pub fn compare(&self, pairs: impl Iterator<Item = (f64, f64)>) -> Option<PairedDifference> {
        let differences: Vec<f64> = pairs.map(|(first, second)| first - second).collect();
        let (count, seed) = (differences.len(), self.bootstrap.seed);
        let mean = |repetition| {
            let mut random = generator(seed, Purpose::Bootstrap, repetition);
            (0..count).map(|_| differences[below(&mut random, count)]).sum::<f64>() / count as f64
        };
        let sum: f64 = differences.iter().sum();
        let moved: Vec<f64> = differences.iter().copied().filter(|d| *d != 0.0).collect();
        let as_far = |repetition: &usize| {
            let mut random = generator(seed, Purpose::Signs, *repetition);
            let signed = moved.chunks(32).map(|chunk| {
                let bits = random.next_u32();
                let sign = |at: usize| if bits >> at & 1 == 1 { -1.0 } else { 1.0 };
                chunk.iter().enumerate().map(|(at, d)| sign(at) * d).sum::<f64>()
            });
            // Sums of the same values in another order may differ by rounding.
            signed.sum::<f64>().abs() >= sum.abs() * (1.0 - 1e-12)
        };
        let far = (0..self.permutations).into_par_iter().filter(as_far).count();
        let means = if count == 0 {
            Vec::new()
        } else {
            (0..self.bootstrap.resamples).into_par_iter().map(mean).collect()
        };
        Some(PairedDifference {
            queries: count,
            better: differences.iter().filter(|d| **d > 0.0).count(),
            worse: differences.iter().filter(|d| **d < 0.0).count(),
            difference: sum / count as f64,
            interval: self.bootstrap.interval(means)?,
            p_value: (far + 1) as f64 / (self.permutations + 1) as f64,
        })
    }
}
