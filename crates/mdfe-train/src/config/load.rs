//! From files and overrides to an experiment, and back.

use super::{Experiment, alternatives, check, merge::merge, set::parse_override};
use crate::{Error, LossConfig, Result};
use std::path::{Path, PathBuf};
use toml::{Table, Value};

impl Experiment {
    /// Reads an experiment file, the files it is based on, and the overrides (`key=value`) on top.
    ///
    /// # Errors
    /// [`Error::Io`] for a file that can't be read, [`Error::BaseCycle`], [`Error::Config`] for everything that does not fit.
    pub fn load(path: &Path, overrides: &[String]) -> Result<Self> {
        let table = read(path, &mut Vec::new())?;
        finish(table, overrides, &path.display().to_string(), stem(path))
    }

    /// The experiment of a table that stood in the file `path`, on top of the files that it is based on, and the overrides on top of it: what a
    /// file holds besides something else.
    ///
    /// # Errors
    /// Those of [`Experiment::load`].
    pub fn of_table(table: Table, path: &Path, overrides: &[String]) -> Result<Self> {
        let place = path.display().to_string();
        check(&table).map_err(|problem| bad(&place, problem))?;
        let id = path.canonicalize().map_err(Error::io("read the experiment", path))?;
        let table = on_base(table, path, &mut vec![id])?;
        finish(table, overrides, &place, stem(path))
    }

    /// Reads an experiment from text without a base, such as the built-in demo. `place` names it in messages.
    ///
    /// # Errors
    /// [`Error::Config`] for everything that does not fit.
    pub fn parse(text: &str, place: &str, overrides: &[String]) -> Result<Self> {
        let table = parse_checked(text, place)?;
        if table.contains_key("base") {
            return Err(bad(place, "`base` needs a file: use Experiment::load".into()));
        }
        finish(table, overrides, place, stem(Path::new(place)))
    }

    /// The whole experiment as TOML, every default written out; it reads back as the same experiment.
    ///
    /// # Errors
    /// [`Error::Config`] for a value that TOML can't hold, such as a path that is not UTF-8.
    pub fn resolved(&self) -> Result<String> {
        let bad = |e: String| bad("the resolved experiment", e);
        let mut values = serde_json::to_value(self).map_err(|e| bad(e.to_string()))?;
        alternatives::only_what_counts(&mut values);
        without_nulls(&mut values);
        toml::to_string(&values).map_err(|e| bad(e.to_string()))
    }
}

/// TOML has no null: what has no value has no key.
fn without_nulls(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::Object(keys) => {
            keys.retain(|_, value| !value.is_null());
            keys.values_mut().for_each(without_nulls);
        }
        serde_json::Value::Array(values) => values.iter_mut().for_each(without_nulls),
        _ => {}
    }
}

/// The name of an experiment that has none.
fn stem(path: &Path) -> &str {
    path.file_stem().and_then(|stem| stem.to_str()).unwrap_or("experiment")
}

/// An override in a message. An address that does not fit may hold a secret.
fn shown(text: &str) -> String {
    text.split_once("://").map_or_else(|| text.to_owned(), |(before, _)| format!("{before}://..."))
}

fn bad(place: &str, problem: String) -> Error {
    Error::Config { place: place.to_owned(), problem }
}

/// A file on top of its base, which is found relative to the file.
fn read(path: &Path, chain: &mut Vec<PathBuf>) -> Result<Table> {
    let id = path.canonicalize().map_err(Error::io("read the experiment", path))?;
    let cycle = chain.contains(&id);
    chain.push(id);
    if cycle {
        let chain = chain.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(" -> ");
        return Err(Error::BaseCycle { path: path.to_path_buf(), chain });
    }
    let text = std::fs::read_to_string(path).map_err(Error::io("read the experiment", path))?;
    on_base(parse_checked(&text, &path.display().to_string())?, path, chain)
}

/// The table of the file `path` on top of its base.
fn on_base(mut table: Table, path: &Path, chain: &mut Vec<PathBuf>) -> Result<Table> {
    let Some(Value::String(base)) = table.remove("base") else { return Ok(table) };
    let mut under = read(&path.parent().unwrap_or(Path::new("")).join(base), chain)?;
    // A name names one experiment, not those based on it.
    under.remove("name");
    merge(&mut under, table);
    Ok(under)
}

fn parse_checked(text: &str, place: &str) -> Result<Table> {
    let table: Table = text.parse().map_err(|e: toml::de::Error| {
        let line = e.span().map_or(1, |span| text[..span.start].matches('\n').count() + 1);
        bad(place, format!("line {line} is not TOML: {}", e.message().replace('\n', ", ")))
    })?;
    check(&table).and_then(|()| alternatives::given_once(&table)).map_err(|problem| bad(place, problem))?;
    Ok(table)
}

/// The experiment that the table means with the overrides on top; `name` where it has none.
pub(super) fn finish(mut table: Table, overrides: &[String], place: &str, name: &str) -> Result<Experiment> {
    for text in overrides {
        let over = parse_override(text).map_err(|problem| bad(&format!("--set {}", shown(text)), problem))?;
        merge(&mut table, over);
    }
    let refused = |e: toml::de::Error| e.message().replace('\n', ", ");
    if let Some(Value::Table(loss)) = table.get("loss") {
        // Which options a loss takes is known to mdfe-loss alone, which cannot say in which section they stand.
        let read: std::result::Result<LossConfig, _> = loss.clone().try_into();
        read.map_err(|e| bad(place, format!("in [loss], {}", refused(e))))?;
    }
    let mut experiment: Experiment = table.try_into().map_err(|e| bad(place, refused(e)))?;
    if experiment.name.is_empty() {
        name.clone_into(&mut experiment.name);
    }
    let missing = |key: &str| {
        bad(place, format!("`{key}` is missing; it names the data set, see `mdfe datasets list`"))
    };
    for eval in &mut experiment.data.eval {
        if eval.query.key.is_empty() {
            return Err(missing("data.eval.query.key"));
        }
        if eval.index.as_ref().is_some_and(|index| index.key.is_empty()) {
            return Err(missing("data.eval.index.key"));
        }
        if eval.name.is_empty() {
            eval.name.clone_from(&eval.query.key);
        }
    }
    if experiment.data.train.iter().any(|set| set.key.is_empty()) {
        return Err(missing("data.train.key"));
    }
    match experiment.recipe.problem() {
        Some(problem) => Err(bad(place, problem)),
        None => Ok(experiment),
    }
}
