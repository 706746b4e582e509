//! The margin loss and its centers.

use crate::config::{Field, Names, Range, Takes, fields_of};
use mdfe_loss::{LossOptions, MarginLoss};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The margin loss and its centers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LossConfig {
    /// K, centers of each class. Default 1.
    #[serde(default = "one")]
    pub sub_centers: usize,
    /// Share of the classes that a step looks at besides those of its batch (Partial FC). Default 1: all.
    #[serde(default = "whole")]
    pub sample_fraction: f64,
    /// Prefixes of the embedding that are trained to work by themselves (Matryoshka). Default none.
    #[serde(default)]
    pub nested_dims: Vec<usize>,
    /// Which loss (`name`), and its options; see [`mdfe_loss::LossOptions`] for their names and defaults.
    #[serde(flatten)]
    pub options: LossOptions,
}

fn one() -> usize {
    1
}

fn whole() -> f64 {
    1.0
}

impl Default for LossConfig {
    fn default() -> Self {
        Self { sub_centers: one(), sample_fraction: whole(), nested_dims: Vec::new(), options: LossOptions::default() }
    }
}

impl LossConfig {
    /// The keys of the section: four of its own, and the options of all losses, which mdfe-loss declares and checks.
    pub(crate) fn keys() -> Vec<Field> {
        let names = Names { list: || LossOptions::NAMES.to_vec(), knows: |name| options_of(name).is_some() };
        let mut keys = vec![
            Field::new("name", Takes::Choice(names), "Which loss."),
            Field::new("sub_centers", Takes::Count(1), "K, centers of each class."),
            Field::new(
                "sample_fraction",
                Takes::Number(Range::to(0.0, 1.0)),
                "Share of the classes that a step looks at besides those of its batch (Partial FC); 1 for all.",
            ),
            Field::new(
                "nested_dims",
                Takes::Counts(1),
                "Prefixes of the embedding that are trained to work by themselves (Matryoshka).",
            ),
        ];
        for option in option_names() {
            let owners: Vec<(&str, Option<Value>)> = LossOptions::NAMES
                .into_iter()
                .filter(|name| options_of(name).is_some_and(|options| options.contains(&option)))
                .map(|name| (name, default_of(name, option)))
                .collect();
            let meaning = owners.iter().map(|(name, default)| match default {
                Some(default) => format!("{name} (default {default})"),
                None => format!("{name} (default none)"),
            });
            let meaning = format!("Option of {}.", meaning.collect::<Vec<_>>().join(", "));
            let takes = match owners.iter().find_map(|(_, default)| default.as_ref()) {
                Some(Value::Number(_)) => Takes::Number(Range::ANY),
                Some(Value::Bool(_)) => Takes::Flag,
                _ => Takes::Any,
            };
            keys.push(Field::new(option, takes, meaning));
        }
        keys
    }

    /// `Ok` if the loss takes its options; the error is a sentence that names the key.
    pub(crate) fn check(&self) -> Result<(), String> {
        // The counts stand in for the data's, which are not known yet.
        match MarginLoss::new(&self.options, 2, Some(&[1, 2])) {
            Err(mdfe_loss::Error::Option { loss, option, value, allowed }) => {
                Err(format!("`loss.{option}` is {value}; for {loss} it must be {allowed}"))
            }
            _ => Ok(()),
        }
    }
}

/// The options of the loss of this name or alias; `None` where there is none.
fn options_of(loss: &str) -> Option<&'static [&'static str]> {
    fields_of::<LossOptions>(&[("name", loss)])
}

/// The options of all losses, each once.
fn option_names() -> Vec<&'static str> {
    let mut names = Vec::new();
    for option in LossOptions::NAMES.into_iter().filter_map(options_of).flatten().copied() {
        if !names.contains(&option) {
            names.push(option);
        }
    }
    names
}

/// The value that a loss gives an option by itself.
fn default_of(loss: &str, option: &str) -> Option<Value> {
    let options: LossOptions = serde_json::from_value(serde_json::json!({ "name": loss })).ok()?;
    serde_json::to_value(options).ok()?.get(option).cloned()
}
