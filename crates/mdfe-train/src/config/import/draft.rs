//! The experiment while it is put together.

use super::settings::Settings;
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// A key of the Python code that was not carried over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LeftKey {
    /// Its place, as the file spells it: `MODEL.cloud_upload`.
    pub key: String,
    /// Its value, as JSON.
    pub value: String,
    /// Why it was left.
    pub reason: String,
}

/// What has been carried over so far, and what will not be.
#[derive(Default)]
pub(super) struct Draft {
    experiment: Map<String, Value>,
    reasons: BTreeMap<&'static str, String>,
}

impl Draft {
    /// Gives a key of ours a value; the top level is the section without a name.
    pub(super) fn set(&mut self, section: &str, key: &str, value: impl Into<Value>) {
        let keys = match section {
            "" => &mut self.experiment,
            section => {
                let section = self.experiment.entry(section).or_insert_with(|| Map::new().into());
                let Value::Object(keys) = section else { return };
                keys
            }
        };
        keys.insert(key.to_owned(), value.into());
    }

    /// Leaves a key of theirs, where the file gives it.
    pub(super) fn leave(&mut self, key: &'static str, reason: impl Into<String>) {
        self.reasons.insert(key, reason.into());
    }

    /// What is left of the file, in its order.
    pub(super) fn left(&self, settings: &Settings) -> Vec<LeftKey> {
        let mut left = Vec::new();
        for given in settings.given() {
            let reason = match given.known {
                None => Some("the Python code has no such key".to_owned()),
                Some(known) => self.reasons.get(known.key).cloned().or_else(|| known.left.map(str::to_owned)),
            };
            let spelled = || LeftKey {
                key: given.spelled.clone(),
                value: given.value.to_string(),
                reason: String::new(),
            };
            left.extend(reason.map(|reason| LeftKey { reason, ..spelled() }));
        }
        left
    }

    pub(super) fn experiment(&self) -> &Map<String, Value> {
        &self.experiment
    }
}
