//! What differs between two runs.

use super::{
    RunInfo,
    info::{record, scores},
};
use crate::{Result, pipeline::RunRecord};
use serde::Serialize;
use serde_json::{Value, json};
use std::path::Path;

/// A value that is not the same in two runs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// Its place: `optimizer.lr`; in a list the name or the number of the entry: `data.train.0.file`.
    pub key: String,
    /// In the first run; `null` where it has none.
    pub a: Value,
    /// In the second.
    pub b: Value,
}

/// What differs between two runs, and nothing else.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunDiff {
    /// Keys of the experiment.
    pub config: Vec<Difference>,
    /// Fingerprints of features and data sets.
    pub data: Vec<Difference>,
    /// Scores.
    pub scores: Vec<Difference>,
    /// Steps and samples per second.
    pub speed: Vec<Difference>,
}

impl RunDiff {
    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        [&self.config, &self.data, &self.scores, &self.speed].iter().all(|part| part.is_empty())
    }
}

/// Compares the runs in two folders.
///
/// # Errors
/// Those of [`RunInfo::read`].
pub fn diff(a: &Path, b: &Path) -> Result<RunDiff> {
    let (first, second) = (record(a)?, record(b)?);
    let data =
        |record: &RunRecord| json!({"space": record.space, "train": record.train, "test": record.test});
    let speed = |info: RunInfo| json!({"state": info.state, "step": info.step, "total_steps": info.total_steps, "samples_per_s": info.samples_per_s});
    Ok(RunDiff {
        config: differences(&first.experiment, &second.experiment),
        data: differences(&data(&first), &data(&second)),
        scores: differences(&scores(a)?["sets"], &scores(b)?["sets"]),
        speed: differences(&speed(RunInfo::read(a)?), &speed(RunInfo::read(b)?)),
    })
}

/// A value that is no section and no list of sections.
struct Leaf {
    key: String,
    value: Value,
}

fn differences(a: &Value, b: &Value) -> Vec<Difference> {
    let (mut first, mut second) = (Vec::new(), Vec::new());
    leaves("", a, &mut first);
    leaves("", b, &mut second);
    let mut found = Vec::new();
    for Leaf { key, value } in &first {
        let other = second.iter().find(|leaf| leaf.key == *key).map(|leaf| &leaf.value);
        if other != Some(value) {
            let b = other.cloned().unwrap_or_default();
            found.push(Difference { key: key.clone(), a: value.clone(), b });
        }
    }
    let is_new = |leaf: &Leaf| first.iter().all(|known| known.key != leaf.key);
    let new = second.into_iter().filter(is_new);
    found.extend(new.map(|Leaf { key, value }| Difference { key, a: Value::Null, b: value }));
    found
}

fn leaves(place: &str, value: &Value, found: &mut Vec<Leaf>) {
    let inside = |name: &str| if place.is_empty() { name.to_owned() } else { format!("{place}.{name}") };
    match value {
        Value::Object(section) => {
            section.iter().for_each(|(name, value)| leaves(&inside(name), value, found))
        }
        Value::Array(list) if !list.is_empty() && list.iter().all(Value::is_object) => {
            for (i, value) in list.iter().enumerate() {
                let name = value["name"].as_str().map_or_else(|| i.to_string(), str::to_owned);
                leaves(&inside(&name), value, found);
            }
        }
        Value::Null => {}
        other => found.push(Leaf { key: place.to_owned(), value: other.clone() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_told_by_its_place() {
        let a = json!({"lr": 0.1, "loss": {"name": "ArcFace", "margin": 0.5}, "nested": [1, 2],
            "sets": [{"name": "food", "R@1": 0.5}, {"name": "cars", "R@1": 0.25}], "train": [{"file": "x"}]});
        let b = json!({"lr": 0.1, "loss": {"name": "AdaCos", "dynamic": true}, "nested": [1, 3],
            "sets": [{"name": "cars", "R@1": 0.75}, {"name": "food", "R@1": 0.5}], "train": [{"file": "y"}]});
        let found: Vec<_> = differences(&a, &b).into_iter().map(|d| (d.key, d.a, d.b)).collect();
        let of = |key: &str, a: Value, b: Value| (key.to_owned(), a, b);
        assert_eq!(
            found,
            [
                of("loss.name", json!("ArcFace"), json!("AdaCos")),
                of("loss.margin", json!(0.5), Value::Null),
                of("nested", json!([1, 2]), json!([1, 3])),
                of("sets.cars.R@1", json!(0.25), json!(0.75)),
                of("train.0.file", json!("x"), json!("y")),
                of("loss.dynamic", Value::Null, json!(true)),
            ]
        );
        assert!(differences(&a, &a).is_empty());
    }
}
