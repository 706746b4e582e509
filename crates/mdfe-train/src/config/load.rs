//! From files and overrides to an experiment, and back.

use super::{Experiment, merge::merge, schema, set::parse_override};
use crate::{Error, Result};
use mdfe_loss::MarginLoss;
use std::path::{Path, PathBuf};
use toml::{Table, Value};

impl Experiment {
    /// Reads an experiment file, the files it is based on, and the overrides (`key=value`) on top.
    ///
    /// # Errors
    /// [`Error::Io`] for a file that can't be read, [`Error::BaseCycle`], [`Error::Config`] for everything that does not fit.
    pub fn load(path: &Path, overrides: &[String]) -> Result<Self> {
        let table = read(path, &mut Vec::new())?;
        let name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or("experiment");
        finish(table, overrides, (&path.display().to_string(), name))
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
        let name = Path::new(place).file_stem().and_then(|stem| stem.to_str()).unwrap_or("experiment");
        finish(table, overrides, (place, name))
    }

    /// The whole experiment as TOML, every default written out; it reads back as the same experiment.
    ///
    /// # Errors
    /// [`Error::Config`] for a value that TOML can't hold, such as a path that is not UTF-8.
    pub fn resolved(&self) -> Result<String> {
        toml::to_string(self).map_err(|e| bad("the resolved experiment", e.to_string()))
    }
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
    let mut table = parse_checked(&text, &path.display().to_string())?;
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
    schema::check(&table).map_err(|problem| bad(place, problem))?;
    Ok(table)
}

fn finish(mut table: Table, overrides: &[String], (place, name): (&str, &str)) -> Result<Experiment> {
    for text in overrides {
        let over = parse_override(text).map_err(|problem| bad(&format!("--set {text}"), problem))?;
        merge(&mut table, over);
    }
    let missing =
        |key: &str| bad(place, format!("`{key}` is missing; it names the loss, the data set or the model"));
    if let Some(Value::Table(loss)) = table.get_mut("loss")
        && !loss.contains_key("name")
    {
        loss.insert("name".into(), Value::String("ArcFace".into()));
    }
    let mut experiment: Experiment = Value::Table(table)
        .try_into()
        .map_err(|e: toml::de::Error| bad(place, e.message().replace('\n', ", ")))?;
    if experiment.name.is_empty() {
        name.clone_into(&mut experiment.name);
    }
    for eval in &mut experiment.data.eval {
        if eval.query.key.is_empty() {
            return Err(missing("data.eval.query.key"));
        }
        if eval.name.is_empty() {
            eval.name.clone_from(&eval.query.key);
        }
    }
    if experiment.data.train.iter().any(|set| set.key.is_empty()) {
        return Err(missing("data.train.key"));
    }
    let (lr, min_lr) = (experiment.recipe.optimizer.lr, experiment.recipe.schedule.min_lr);
    if experiment.recipe.schedule.name == crate::ScheduleKind::Cosine && min_lr > lr {
        let problem = format!(
            "`schedule.min_lr` is {min_lr}, above `optimizer.lr`, {lr}; lower it or set schedule.name to none"
        );
        return Err(bad(place, problem));
    }
    // The loss checks its own options; the counts stand in for the data's, which are not known yet.
    MarginLoss::new(&experiment.recipe.loss.options, 2, Some(&[1, 2])).map(drop).or_else(|e| match e {
        mdfe_loss::Error::Option { .. } => Err(bad(place, e.to_string())),
        _ => Ok(()),
    })?;
    Ok(experiment)
}
