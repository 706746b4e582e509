//! From a configuration of the method's 2024 Python code to an experiment.
//!
//! That code (`MODEL`, `DATASET`, ... in YAML, read by yacs over a table of defaults) and mdfe share the method and not the keys. Each key of
//! a file is carried over, or left with the reason; a key that the file does not give has the default of the Python code, not mdfe's.

mod backbone;
mod data;
mod draft;
mod head;
mod known;
mod settings;
mod training;

pub use draft::LeftKey;

use crate::{Error, Experiment, Result};
use draft::Draft;
use settings::Settings;

/// What became of a configuration of the Python code.
#[derive(Clone, Debug, PartialEq)]
pub struct ImportedConfig {
    /// The experiment as TOML, with where it comes from and what was left as comments on top. [`Experiment::parse`] reads it.
    pub toml: String,
    /// What could not be carried over, in the order of the file.
    pub left: Vec<LeftKey>,
}

/// Turns a configuration of the 2024 Python code, as a tree of its sections, into an experiment file. `place` names it in messages.
///
/// Keys are read in any case. Texts that Python would evaluate (`"2e-2"`, `"None"`, `"True"`) are evaluated.
///
/// # Errors
/// [`Error::Config`] for a file that holds none of the code's keys, a value of another type, or a name (of a loss, an optimizer, a data
/// set, ...) that neither code knows.
pub fn import_python_config(tree: &serde_json::Value, place: &str) -> Result<ImportedConfig> {
    let bad = |problem: String| Error::Config { place: place.to_owned(), problem };
    let settings = Settings::new(tree).map_err(bad)?;
    let mut draft = Draft::default();
    carry(&settings, &mut draft).map_err(bad)?;
    let left = draft.left(&settings);
    let mut toml = format!(
        "# Imported from {}, a configuration of the method's 2024 Python code. What it does not give has that code's defaults.\n",
        place.rsplit(['/', '\\']).next().unwrap_or(place)
    );
    for LeftKey { key, value, reason } in &left {
        toml += &format!("# Not carried over: {key} = {value}: {reason}\n");
    }
    toml += "\n";
    toml += &toml::to_string(&draft.experiment()).map_err(|e| bad(e.to_string()))?;
    // What is written must be read; where it is not, the value at fault came from the file.
    Experiment::parse(&toml, place, &[])?;
    Ok(ImportedConfig { toml, left })
}

/// Every part in the order in which a file of ours has them.
fn carry(settings: &Settings, draft: &mut Draft) -> std::result::Result<(), String> {
    if settings.is_given("MODEL.name") {
        draft.set("", "name", settings.text("MODEL.name")?);
    }
    data::carry(settings, draft)?;
    backbone::carry(settings, draft)?;
    data::carry_transform(settings, draft)?;
    backbone::carry_neck(settings, draft)?;
    head::carry(settings, draft)?;
    training::carry_optimizer(settings, draft)?;
    training::carry_schedule(settings, draft)?;
    training::carry_length(settings, draft)
}

/// What an unknown name is told.
fn unknown(key: &str, name: &str, known: &[&str]) -> String {
    format!("`{key}` is \"{name}\"; known are {}", known.join(", "))
}

#[cfg(test)]
mod tests;
