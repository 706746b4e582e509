//! A sweep in a file: an experiment, and what varies.

use super::{Axis, Grid, Setting, Sweep};
use crate::{Error, Experiment, Result};
use serde::Deserialize;
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// An experiment file with a `[sweep]` section.
///
/// ```toml
/// base = "experiment.toml"        # or an experiment's sections, or both
///
/// [sweep]
/// seeds = 3                       # default 1
/// set = ["train.epochs=20"]       # as --set, for every run; holds whatever the loss is
///
/// [sweep.grid]                    # or [[sweep.grid]], one after the other
/// loss.name = ["ArcFace", "CosFace"]
/// loss.margin = [0.3, 0.5]
/// loss.scale = 30.0               # no list: holds for the grid, and names no run
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct SweepFile {
    /// The file.
    pub path: PathBuf,
    /// What it holds besides the sweep.
    experiment: Table,
    /// What varies.
    pub sweep: Sweep,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Section {
    #[serde(default = "one")]
    seeds: usize,
    #[serde(default)]
    set: Vec<String>,
    grid: Value,
}

fn one() -> usize {
    1
}

impl SweepFile {
    /// Reads a sweep; `None` for a file without `[sweep]`, an experiment, and for what is no TOML.
    ///
    /// # Errors
    /// [`Error::Io`] for a file that can't be read, [`Error::Config`] for what does not fit.
    pub fn read(path: &Path) -> Result<Option<Self>> {
        let text = std::fs::read_to_string(path).map_err(Error::io("read the experiment", path))?;
        let Ok(mut experiment) = text.parse::<Table>() else { return Ok(None) };
        let Some(section) = experiment.remove("sweep") else { return Ok(None) };
        let place = path.display().to_string();
        let bad = |problem: String| Error::Config { place: place.clone(), problem };
        let section: Section = section.try_into().map_err(|e: toml::de::Error| {
            let message = e.message().replace('\n', ", ");
            bad(format!("in [sweep], {message}; it takes `seeds`, `set` and `grid`"))
        })?;
        if section.seeds == 0 {
            return Err(bad("`sweep.seeds` is 0; it takes a whole number of at least 1".to_owned()));
        }
        let grids = match &section.grid {
            Value::Table(grid) => vec![grid_of(grid)?],
            Value::Array(grids) if grids.iter().all(Value::is_table) => {
                grids.iter().filter_map(Value::as_table).map(grid_of).collect::<Result<_>>()?
            }
            _ => return Err(bad("`sweep.grid` is a section of keys and lists of values".to_owned())),
        };
        let sweep = Sweep { grids, seeds: section.seeds, set: section.set };
        Ok(Some(Self { path: path.to_path_buf(), experiment, sweep }))
    }

    /// The experiment with these overrides, `key=value`.
    ///
    /// # Errors
    /// Those of [`Experiment::load`].
    pub fn resolve(&self, overrides: &[String]) -> Result<Experiment> {
        Experiment::of_table(self.experiment.clone(), &self.path, overrides)
    }
}

/// A list is an axis; a value by itself holds for the whole grid. A dotted key in TOML is a table in a table.
fn grid_of(table: &Table) -> Result<Grid> {
    let (mut axes, mut fixed) = (Vec::new(), Vec::new());
    collect("", table, &mut |key, value| match value {
        Value::Array(values) => {
            axes.push(Axis::new(key, values.iter().map(text).collect())?);
            Ok(())
        }
        value => {
            // The same keys are refused as on an axis.
            let Axis { key, mut values } = Axis::new(key, vec![text(value)])?;
            fixed.extend(values.pop().map(|value| Setting { key, value }));
            Ok(())
        }
    })?;
    Ok(Grid::new(axes)?.with_fixed(fixed))
}

fn collect(section: &str, table: &Table, found: &mut impl FnMut(String, &Value) -> Result<()>) -> Result<()> {
    for (name, value) in table {
        let key = if section.is_empty() { name.clone() } else { format!("{section}.{name}") };
        match value {
            Value::Table(inside) => collect(&key, inside, found)?,
            value => found(key, value)?,
        }
    }
    Ok(())
}

/// A value as `--set` takes it.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Option<SweepFile>> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sweep.toml");
        std::fs::write(&path, text).unwrap();
        SweepFile::read(&path)
    }

    #[test]
    fn keys_are_dotted_quoted_or_sections_and_grids_follow_each_other() {
        let texts = |file: &SweepFile| -> Vec<String> {
            file.sweep.grids.iter().flat_map(Grid::combinations).map(|one| one.to_string()).collect()
        };
        let dotted = "base = 'x.toml'\n[sweep]\nseeds = 3\nset = ['train.epochs=2']\n[sweep.grid]\nloss.name = ['A', 'B']\nloss.margin = [0.3, 1]";
        let file = read(dotted).unwrap().unwrap();
        assert_eq!(
            (file.sweep.seeds, file.sweep.set.as_slice()),
            (3, ["train.epochs=2".to_owned()].as_slice())
        );
        assert_eq!(texts(&file).len(), 4);
        assert_eq!(texts(&file)[1], "loss.margin=0.3 loss.name=B");
        let several = "base = 'x.toml'\n[sweep]\n[[sweep.grid]]\n'loss.name' = ['A']\na.dims = [[8, 16], [64]]\n[[sweep.grid]]\nloss.scale = 30.0";
        let file = read(several).unwrap().unwrap();
        assert_eq!(
            texts(&file),
            ["a.dims=[8, 16] loss.name=A", "a.dims=[64] loss.name=A", "the experiment itself"]
        );
        let last = &file.sweep.grids[1].combinations()[0];
        assert_eq!(last.overrides(&[]), ["loss.scale=30.0"], "a value by itself holds without a name");
        assert_eq!(file.sweep.seeds, 1);
    }

    #[test]
    fn a_file_that_does_not_fit_names_the_key_and_an_experiment_is_no_sweep() {
        assert_eq!(read("[loss]\nname = 'ArcFace'").unwrap(), None);
        for (text, reason) in [
            ("base = 'x'\n[sweep]\nseed = 3\n[sweep.grid]\na.b = [1]", "seed"),
            ("base = 'x'\n[sweep]\nseeds = 0\n[sweep.grid]\na.b = [1]", "sweep.seeds"),
            ("base = 'x'\n[sweep]\nseeds = 1", "grid"),
            ("base = 'x'\n[sweep]\ngrid = 3", "sweep.grid"),
            ("base = 'x'\n[sweep]\n[sweep.grid]\ntrain.seed = [1, 2]", "train.seed"),
            ("base = 'x'\n[sweep]\n[sweep.grid]\neval.k = 3", "eval.k"),
        ] {
            let message = read(text).unwrap_err().to_string();
            assert!(message.contains(reason), "{text}: {message}");
        }
    }

    /// The sweeps of the repository, planned: their bases are there, and every value is taken.
    #[test]
    fn every_sweep_of_the_repository_is_one() {
        let configs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../configs");
        let paths = std::fs::read_dir(configs).unwrap().map(|entry| entry.unwrap().path());
        let sweeps: Vec<SweepFile> = paths.filter_map(|path| SweepFile::read(&path).unwrap()).collect();
        assert!(sweeps.len() >= 2);
        for file in sweeps {
            let plan = file.sweep.plan(|set| file.resolve(set)).unwrap();
            assert_eq!(plan.skipped, [], "{}", file.path.display());
            assert_eq!(plan.members.len(), plan.combinations.len() * file.sweep.seeds);
            // All losses are there, those of the table as well as those of the paper.
            let names: std::collections::HashSet<&str> =
                plan.members.iter().map(|member| member.experiment.recipe.loss.options.name()).collect();
            assert!(names.len() >= 6, "{names:?}");
            let experiment = &plan.members[0].experiment;
            assert!(!experiment.data.eval.is_empty(), "{} has nothing to compare by", file.path.display());
            assert_eq!(Some(experiment.name.as_str()), file.path.file_stem().and_then(|stem| stem.to_str()));
        }
    }
}
