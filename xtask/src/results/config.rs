//! What xtask must know of a config: its data sets, and whether it is a sweep. mdfe reads the rest.

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// A data set that a config names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SetRef {
    /// Its key in `mdfe datasets list`.
    pub(crate) key: String,
    /// The folder that holds it.
    pub(crate) root: PathBuf,
}

/// A config.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Config {
    /// The file.
    pub(crate) path: PathBuf,
    /// The file's name, which is that of run folder and figures.
    pub(crate) name: String,
    /// Whether it has a `[sweep]` section.
    pub(crate) is_sweep: bool,
    /// Its data sets, each once.
    pub(crate) sets: Vec<SetRef>,
    /// What it says, its bases included: the same for the same keys and values, however they are written and commented.
    pub(crate) digest: String,
}

impl Config {
    /// Reads a config and the files that it is based on.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let chain = chain(path)?;
        let name = path.file_stem().context("the config has no name")?.to_string_lossy().into_owned();
        // The nearest file that has a key has it for all: lists of data sets are replaced, not joined.
        let data = |key: &str| chain.iter().find_map(|table| table.get("data")?.get(key));
        let root = data("root").and_then(Value::as_str).unwrap_or("data");
        let mut sets = Vec::new();
        let mut add = |set: &Value| {
            let Some(key) = set.get("key").and_then(Value::as_str) else { return };
            let root = set.get("root").and_then(Value::as_str).unwrap_or(root);
            let set = SetRef { key: key.to_owned(), root: root.into() };
            if !sets.contains(&set) {
                sets.push(set);
            }
        };
        data("train").and_then(Value::as_array).into_iter().flatten().for_each(&mut add);
        for eval in data("eval").and_then(Value::as_array).into_iter().flatten() {
            eval.get("query").into_iter().chain(eval.get("index")).for_each(&mut add);
        }
        let is_sweep = chain[0].contains_key("sweep");
        // A table of this crate's is sorted by key.
        let texts: Vec<String> = chain.iter().map(ToString::to_string).collect();
        let digest = Sha256::digest(texts.join("\0")).iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { path: path.to_path_buf(), name, is_sweep, sets, digest })
    }
}

/// The file and its bases, from the outermost in.
fn chain(path: &Path) -> Result<Vec<Table>> {
    let mut tables: Vec<Table> = Vec::new();
    let mut next = Some(path.to_path_buf());
    while let Some(path) = next {
        let text =
            std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let table: Table = text.parse().with_context(|| format!("{} is not TOML", path.display()))?;
        let base = table.get("base").and_then(Value::as_str);
        next = base.map(|base| path.parent().unwrap_or(Path::new("")).join(base));
        tables.push(table);
        // mdfe names the cycle.
        if tables.len() > 100 {
            bail!("{} is based on itself", path.display());
        }
    }
    Ok(tables)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_sets_are_those_of_the_nearest_file_that_names_them() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            std::fs::write(dir.path().join(name), text).unwrap();
            Config::read(&dir.path().join(name)).unwrap()
        };
        let base = write(
            "base.toml",
            "[data]\nroot = 'd'\ntrain = [{ key = 'sop' }, { key = 'sop' }]\n[[data.eval]]\nquery = { key = 'csv', root = 'e' }\nindex = { key = 'rp2k' }",
        );
        let set = |key: &str, root: &str| SetRef { key: key.into(), root: root.into() };
        assert_eq!(base.sets, [set("sop", "d"), set("csv", "e"), set("rp2k", "d")]);
        let sweep = write(
            "sweep.toml",
            "base = 'base.toml'\n[[data.train]]\nkey = 'hm'\n[sweep]\n[sweep.grid]\na.b = [1]",
        );
        assert_eq!(sweep.sets, [set("hm", "d"), set("csv", "e"), set("rp2k", "d")]);
        assert!(sweep.is_sweep && !base.is_sweep && sweep.name == "sweep");
        // What is said counts, not how; in the base as well.
        let same = write(
            "sweep.toml",
            "# A word.\nbase = \"base.toml\"\nsweep.grid.a.b = [ 1 ]\ndata.train = [{ key = 'hm' }]",
        );
        assert_eq!(same.digest, sweep.digest);
        write("base.toml", "[data]\nroot = 'other'");
        assert_ne!(Config::read(&dir.path().join("sweep.toml")).unwrap().digest, sweep.digest);
        write("loop.toml", "x = 1");
        std::fs::write(dir.path().join("loop.toml"), "base = 'loop.toml'").unwrap();
        assert!(Config::read(&dir.path().join("loop.toml")).is_err());
    }
}
