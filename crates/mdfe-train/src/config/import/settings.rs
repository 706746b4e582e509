//! The settings of a file of the Python code: what it gives, and the code's defaults below.

use super::known::{KEYS, Known, Preset, find};
use serde_json::Value;

/// A key that the file gives.
pub(super) struct Given {
    /// Its place as the file spells it.
    pub(super) spelled: String,
    pub(super) value: Value,
    /// `None` where the Python code has no such key.
    pub(super) known: Option<&'static Known>,
}

pub(super) struct Settings {
    given: Vec<Given>,
}

impl Settings {
    /// Reads the sections of a file.
    pub(super) fn new(tree: &Value) -> Result<Self, String> {
        let mut given: Vec<Given> = Vec::new();
        flatten("", tree, &mut |spelled, value| {
            let known = find(&spelled);
            given.push(Given { spelled, value: evaluated(value), known });
        });
        if given.iter().all(|one| one.known.is_none()) {
            let sections = "MODEL, DATASET, DATALOADER, TRANSFORM, TRAIN, OPTIMIZER and SCHEDULER";
            return Err(format!(
                "it holds no key of the method's 2024 Python code, whose sections are {sections}; give a file of its configs folder"
            ));
        }
        for (i, one) in given.iter().enumerate() {
            let same = |other: &&Given| {
                other.known.is_some_and(|other| one.known.is_some_and(|one| one.key == other.key))
            };
            if let Some(other) = given[..i].iter().find(same) {
                return Err(format!("`{}` and `{}` are the same key; keep one", other.spelled, one.spelled));
            }
        }
        Ok(Self { given })
    }

    /// What the file gives, in its order.
    pub(super) fn given(&self) -> &[Given] {
        &self.given
    }

    pub(super) fn is_given(&self, key: &str) -> bool {
        self.find(key).is_some()
    }

    /// A text; null, which is Python's `None`, is the empty one.
    pub(super) fn text(&self, key: &str) -> Result<String, String> {
        match self.value(key) {
            Value::Null => Ok(String::new()),
            Value::String(text) => Ok(text),
            // A name that looks like a number.
            Value::Number(number) => Ok(number.to_string()),
            other => Err(wrong(key, &other, "a text")),
        }
    }

    /// One text or several.
    pub(super) fn texts(&self, key: &str) -> Result<Vec<String>, String> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let found = match self.value(key) {
            Value::String(one) => Some(vec![one]),
            Value::Array(all) => all.iter().map(text).collect(),
            _ => None,
        };
        found.ok_or_else(|| wrong(key, &self.value(key), "a list of texts"))
    }

    pub(super) fn flag(&self, key: &str) -> Result<bool, String> {
        self.value(key).as_bool().ok_or_else(|| wrong(key, &self.value(key), "True or False"))
    }

    pub(super) fn number(&self, key: &str) -> Result<f64, String> {
        self.value(key).as_f64().ok_or_else(|| wrong(key, &self.value(key), "a number"))
    }

    pub(super) fn count(&self, key: &str) -> Result<u64, String> {
        self.value(key).as_u64().ok_or_else(|| wrong(key, &self.value(key), "a whole number"))
    }

    /// Whole numbers, rising.
    pub(super) fn counts(&self, key: &str) -> Result<Vec<u64>, String> {
        let value = self.value(key);
        let counts: Option<Vec<u64>> =
            value.as_array().and_then(|all| all.iter().map(Value::as_u64).collect());
        counts
            .filter(|counts| counts.is_sorted_by(|a, b| a < b) && counts.first() != Some(&0))
            .ok_or_else(|| wrong(key, &value, "a list of rising whole numbers"))
    }

    fn find(&self, key: &str) -> Option<&Given> {
        self.given.iter().find(|one| one.known.is_some_and(|known| known.key == key))
    }

    /// What the file gives, or the code's default.
    fn value(&self, key: &str) -> Value {
        if let Some(given) = self.find(key) {
            return given.value.clone();
        }
        let preset = KEYS.iter().find(|known| known.key == key).map_or(Preset::Nothing, |known| known.preset);
        match preset {
            Preset::Nothing => Value::Null,
            Preset::Flag(flag) => flag.into(),
            Preset::Count(count) => count.into(),
            Preset::Number(number) => number.into(),
            Preset::Text(text) => text.into(),
        }
    }
}

fn wrong(key: &str, value: &Value, takes: &str) -> String {
    format!("`{key}` is {value}; it takes {takes}")
}

/// Every leaf with its place. A section that holds nothing is a leaf, so that it is not lost.
fn flatten(prefix: &str, value: &Value, found: &mut impl FnMut(String, &Value)) {
    match value {
        Value::Object(keys) if !keys.is_empty() => {
            for (name, value) in keys {
                let place = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
                flatten(&place, value, found);
            }
        }
        // A whole file that is no section has no key.
        leaf if !prefix.is_empty() => found(prefix.to_owned(), leaf),
        _ => {}
    }
}

/// The value that a text stands for: yacs evaluates texts as Python literals, and Python's YAML reads `2e-2` as a text.
fn evaluated(value: &Value) -> Value {
    match value {
        Value::String(text) => match text.trim() {
            "None" | "none" | "null" | "~" => Value::Null,
            "True" | "true" => true.into(),
            "False" | "false" => false.into(),
            trimmed => {
                let whole = trimmed.parse::<i64>().ok().map(Value::from);
                let number =
                    || trimmed.parse::<f64>().ok().filter(|number| number.is_finite()).map(Value::from);
                whole.or_else(number).unwrap_or_else(|| trimmed.into())
            }
        },
        Value::Array(all) => all.iter().map(evaluated).collect(),
        other => other.clone(),
    }
}
