//! The margin loss and its centers.

use crate::config::{Field, Names, Range, Takes, fields_of};
use mdfe_loss::{ArcFace, LossOptions, MarginLoss};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{DeserializeOwned, Error},
};
use serde_json::{Map, Value};

/// The margin loss and its centers.
///
/// What a file does not give is the method's (arXiv 2409.13513): sub-center ArcFace with K = 3 and, of every loss that has a scale from
/// the start, s = 30; the other options are those of [`mdfe_loss::LossOptions`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LossConfig {
    /// K, centers of each class. Default 3.
    pub sub_centers: usize,
    /// Share of the classes that a step looks at besides those of its batch (Partial FC). Default 1: all.
    pub sample_fraction: f64,
    /// Prefixes of the embedding that are trained to work by themselves (Matryoshka). Default none.
    pub nested_dims: Vec<usize>,
    /// Share of the wanted probability that is spread over all classes (label smoothing), from 0 up to but not including 1. Default 0.
    pub label_smoothing: f64,
    /// Which loss (`name`), and its options; see [`mdfe_loss::LossOptions`] for their names.
    #[serde(flatten)]
    pub options: LossOptions,
}

/// The method's number of sub-centers.
const SUB_CENTERS: usize = 3;
/// The method's scale.
const SCALE: f64 = 30.0;

impl Default for LossConfig {
    fn default() -> Self {
        let options = LossOptions::ArcFace(ArcFace { scale: SCALE, ..ArcFace::default() });
        Self {
            sub_centers: SUB_CENTERS,
            sample_fraction: 1.0,
            nested_dims: Vec::new(),
            label_smoothing: 0.0,
            options,
        }
    }
}

impl<'de> Deserialize<'de> for LossConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut values = Map::deserialize(deserializer)?;
        let default = own_keys(&mut values).map_err(D::Error::custom)?;
        let name = values.entry("name").or_insert_with(|| "ArcFace".into());
        if name.as_str().and_then(own_scale).is_some_and(|scale| scale.is_number()) {
            values.entry("scale").or_insert_with(|| SCALE.into());
        }
        let options = LossOptions::deserialize(Value::Object(values)).map_err(D::Error::custom)?;
        Ok(Self { options, ..default })
    }
}

/// Takes out the keys that are not options of a loss; the loss itself is the default's.
fn own_keys(values: &mut Map<String, Value>) -> serde_json::Result<LossConfig> {
    let default = LossConfig::default();
    Ok(LossConfig {
        sub_centers: take(values, "sub_centers", default.sub_centers)?,
        sample_fraction: take(values, "sample_fraction", default.sample_fraction)?,
        nested_dims: take(values, "nested_dims", default.nested_dims)?,
        label_smoothing: take(values, "label_smoothing", default.label_smoothing)?,
        options: default.options,
    })
}

/// The value of a key that is not an option of a loss.
fn take<T: DeserializeOwned>(
    values: &mut Map<String, Value>,
    key: &str,
    default: T,
) -> serde_json::Result<T> {
    values.remove(key).map_or(Ok(default), serde_json::from_value)
}

/// The scale that a loss has by itself; null where it works one out, `None` where it knows no such option.
fn own_scale(loss: &str) -> Option<Value> {
    let options: LossOptions = serde_json::from_value(serde_json::json!({ "name": loss })).ok()?;
    serde_json::to_value(options).ok()?.get("scale").cloned()
}

impl LossConfig {
    /// The keys of the section: five of its own, and the options of all losses, which mdfe-loss declares and checks.
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
            Field::new(
                "label_smoothing",
                Takes::Number(Range::to(0.0, 1.0)),
                "Share of the wanted probability that is spread over all classes, below 1.",
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

    /// The loss over classes of these sizes.
    pub(crate) fn margin_loss(&self, num_classes: usize, counts: &[u64]) -> mdfe_loss::Result<MarginLoss> {
        MarginLoss::new(&self.options, num_classes, Some(counts))?.with_label_smoothing(self.label_smoothing)
    }

    /// `Ok` if the loss takes its options; the error is a sentence that names the key.
    pub(crate) fn check(&self) -> Result<(), String> {
        if self.sample_fraction <= 0.0 {
            let found = self.sample_fraction;
            return Err(format!(
                "`loss.sample_fraction` is {found}; it takes a number above 0, of which the classes of the batch are part"
            ));
        }
        // The counts stand in for the data's, which are not known yet.
        match self.margin_loss(2, &[1, 2]) {
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

/// The value of an option of a loss where nobody gives one.
fn default_of(loss: &str, option: &str) -> Option<Value> {
    let options: LossConfig = serde_json::from_value(serde_json::json!({ "name": loss })).ok()?;
    serde_json::to_value(options).ok()?.get(option).cloned()
}
