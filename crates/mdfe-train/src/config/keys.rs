//! All keys of an experiment.

use super::{BackboneConfig, DataConfig, EvalConfig, Experiment, Field, Takes, TransformConfig};
use crate::{LossConfig, OptimizerOptions, ProjectionOptions, Schedule, TrainOptions, ValidOptions};
use serde::Serialize;
use toml::{Table, Value};

/// A key of an experiment, as `config.toml` and `--set` have it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ConfigKey {
    /// Its place: `optimizer.lr`; inside a list without a number: `data.train.file`.
    pub key: String,
    /// What it takes: `a number from 0 to 1000`.
    pub takes: String,
    /// Its value where nobody gives one, as TOML; `None` where that is nothing, or depends on the rest.
    pub default: Option<String>,
    /// What it means.
    pub meaning: String,
}

/// All keys of an experiment, section by section.
pub fn config_keys() -> Vec<ConfigKey> {
    let defaults = Table::try_from(Experiment::default()).unwrap_or_default();
    let mut keys = Vec::new();
    for (key, field) in all() {
        if matches!(field.takes, Takes::Section(_) | Takes::Sections(_)) {
            continue;
        }
        let mut parts = key.split('.');
        let first = parts.next().and_then(|part| defaults.get(part));
        let default = parts.fold(first, |value, part| value.and_then(|value| value.get(part)));
        let default = default.filter(|value| value.as_str() != Some("")).map(Value::to_string);
        keys.push(ConfigKey { takes: field.takes.to_string(), meaning: field.meaning.into(), key, default });
    }
    keys
}

/// The top level of an experiment. A new section is a line here and a field of [`Experiment`] or [`crate::Recipe`].
pub(super) fn top() -> Vec<Field> {
    let section = |name, keys, meaning: &'static str| Field::new(name, Takes::Section(keys), meaning);
    vec![
        Field::new("name", Takes::Text, "Name of the experiment and of its run folder; without, the file's."),
        Field::new("base", Takes::Text, "Experiment file to build on, relative to this one."),
        section("data", DataConfig::keys, "Data sets to train on and to evaluate with."),
        section("backbone", BackboneConfig::keys, "The frozen model."),
        section("transform", TransformConfig::keys, "From image to pixels."),
        section("projection", ProjectionOptions::keys, "From features to embedding."),
        section("loss", LossConfig::keys, "The margin loss and its centers."),
        section("optimizer", OptimizerOptions::keys, "The optimizer of projection and centers."),
        section("schedule", Schedule::keys, "The learning rate's course."),
        section("train", TrainOptions::keys, "Epochs, batch, seed, checkpoints."),
        section("valid", ValidOptions::keys, "Validation on classes that are held out."),
        section("eval", EvalConfig::keys, "The evaluation."),
        Field::new(
            "stages",
            Takes::Sections(super::stages::keys),
            "Trainings that follow, each beginning with what the one before it has learnt: [[stages]].",
        ),
    ]
}

/// All keys by their places, sections before what is in them.
pub(super) fn all() -> Vec<(String, Field)> {
    let mut found = Vec::new();
    collect("", top(), &mut found);
    found
}

fn collect(prefix: &str, fields: Vec<Field>, found: &mut Vec<(String, Field)>) {
    for field in fields {
        let key = joined(prefix, field.name);
        let inside = match field.takes {
            Takes::Section(keys) | Takes::Sections(keys) => keys(),
            _ => Vec::new(),
        };
        found.push((key.clone(), field));
        collect(&key, inside, found);
    }
}

/// The place of a key in a section.
pub(super) fn joined(section: &str, name: &str) -> String {
    if section.is_empty() { name.to_owned() } else { format!("{section}.{name}") }
}

/// Says that there is no such key, and which one is nearest.
pub(super) fn unknown(key: &str) -> String {
    let last = |text: &str| text.rsplit('.').next().unwrap_or_default().to_owned();
    // The last part alone counts too, so that a key in the wrong section is found.
    let distance = |known: &str| {
        let whole = strsim::damerau_levenshtein(key, known);
        whole.min(2 + strsim::damerau_levenshtein(&last(key), &last(known)))
    };
    let nearest = all().into_iter().map(|(known, _)| known).min_by_key(|known| distance(known));
    format!("unknown key `{key}`; the nearest valid one is `{}`", nearest.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn top_level_is_the_experiment_and_its_base() {
        let mut keys: Vec<&str> =
            top().iter().map(|field| field.name).filter(|&name| name != "base").collect();
        keys.sort_unstable();
        let stages = vec![Table::new()];
        let experiment = Table::try_from(Experiment { stages, ..Experiment::default() }).unwrap();
        let mut fields: Vec<&str> = experiment.keys().map(String::as_str).collect();
        fields.sort_unstable();
        assert_eq!(keys, fields);
    }
}
