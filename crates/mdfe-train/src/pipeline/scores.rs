//! What a run is worth: the scores of its test sets.

use super::Protocol;
use crate::Comparison;
use mdfe_eval::Metrics;
use serde::Serialize;

/// The scores of one test set.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SetScores {
    /// The test set's name.
    pub name: String,
    /// How it was scored.
    pub protocol: Protocol,
    /// Raw, pooled and trained.
    #[serde(flatten)]
    pub comparison: Comparison,
}

/// The mean of the test sets, each counting the same, by embedding.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MeanScores {
    /// The backbone's features themselves, normalised.
    pub raw: Metrics,
    /// The features, average-pooled to the embedding's width.
    pub pooled: Metrics,
    /// The trained embedding.
    pub trained: Metrics,
}

/// The scores of a run: `scores.json`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Scores {
    /// Each test set's.
    pub sets: Vec<SetScores>,
    /// Their mean, where there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mean: Option<MeanScores>,
}

impl Scores {
    /// The scores of these sets, and their mean.
    pub fn new(sets: Vec<SetScores>) -> Self {
        let of = |pick: &dyn Fn(&Comparison) -> &Metrics| mean(sets.iter().map(|set| pick(&set.comparison)));
        let mean = (sets.len() > 1).then(|| MeanScores {
            raw: of(&|scores| &scores.raw.overall),
            pooled: of(&|scores| &scores.pooled.overall),
            trained: of(&|scores| &scores.trained.overall),
        });
        Self { sets, mean }
    }

    /// What the embedder's record says: the trained embedding's means, or the only set's.
    pub(super) fn trained(&self) -> Option<&Metrics> {
        let only = || self.sets.first().map(|set| &set.comparison.trained.overall);
        self.mean.as_ref().map(|mean| &mean.trained).or_else(only)
    }
}

/// The mean of each metric over the sets that have it.
fn mean<'m>(sets: impl Iterator<Item = &'m Metrics>) -> Metrics {
    let sets: Vec<&Metrics> = sets.collect();
    let names = sets.first().map(|first| first.iter().map(|(name, _)| name.to_owned()).collect::<Vec<_>>());
    let of = |name: &String| {
        let values: Vec<f64> = sets.iter().filter_map(|set| set.get(name).copied().flatten()).collect();
        (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
    };
    names
        .unwrap_or_default()
        .into_iter()
        .map(|name| {
            let value = of(&name);
            (name, value)
        })
        .collect()
}
