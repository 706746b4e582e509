//! The options of a data set, as a config or `--set key=value` gives them.

use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Where a data set lies and how it is read. The default reads it as its authors use it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReadOptions {
    /// The folder that holds the data sets (`--root`); not a config key of the data set.
    #[serde(skip)]
    pub root: PathBuf,
    /// Drop classes with fewer samples (default: the data set's own minimum; 0 for none).
    pub min_samples: Option<usize>,
    /// Keep at most this many samples of a class, drawn with the seed (default: the data set's own maximum; 0 for none).
    pub max_samples: Option<usize>,
    /// Keep this many classes, drawn with the seed (default: all).
    pub num_classes: Option<usize>,
    /// Seed of the draws (default 0).
    pub seed: u64,
    /// A list of images to leave out, relative to `root` (default: none): see `mdfe datasets check`.
    pub exclude: Option<PathBuf>,
    /// `stanford_cars`: classes are model and colour (default false: model only).
    pub refined: bool,
    /// `image_folder`, `csv`, `web_dataset`, `parquet`: the domain of samples without one of their own (default `images`).
    pub domain: Option<String>,
    /// `uned`: the domains to read (default: all eight).
    pub domains: Option<Vec<String>>,
    /// `csv`: the table; `web_dataset`, `parquet`: the files, also as a pattern; relative to `root`.
    pub file: Option<PathBuf>,
    /// `csv` with a `split` column: the split to read (default `train`), `*` for all.
    pub split: Option<String>,
}

/// The options that every data set has.
pub(crate) const COMMON: [&str; 5] = ["min_samples", "max_samples", "num_classes", "seed", "exclude"];
/// The options that some data sets have.
pub(crate) const SPECIAL: [&str; 5] = ["refined", "domain", "domains", "file", "split"];

impl ReadOptions {
    /// The default options for the data sets under `root`.
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), ..Self::default() }
    }

    /// Sets one option from text, as `--set key=value` does; `domains` takes names separated by commas.
    ///
    /// # Errors
    /// [`Error::Unknown`] for a key that no data set has, [`Error::Invalid`] for a value of the wrong kind.
    pub fn set(&mut self, key: &str, value: &str) -> Result<()> {
        match key {
            "min_samples" => self.min_samples = Some(parse(key, value, "a whole number")?),
            "max_samples" => self.max_samples = Some(parse(key, value, "a whole number")?),
            "num_classes" => self.num_classes = Some(parse(key, value, "a whole number")?),
            "seed" => self.seed = parse(key, value, "a whole number")?,
            "exclude" => self.exclude = Some(value.into()),
            "refined" => self.refined = parse(key, value, "true or false")?,
            "domain" => self.domain = Some(value.to_owned()),
            "domains" => self.domains = Some(value.split(',').map(|d| d.trim().to_owned()).collect()),
            "file" => self.file = Some(value.into()),
            "split" => self.split = Some(value.to_owned()),
            _ => return Err(Error::unknown("option", key, COMMON.into_iter().chain(SPECIAL))),
        }
        Ok(())
    }

    /// The names of the special options that are given.
    pub(crate) fn given(&self) -> impl Iterator<Item = &'static str> {
        let given = [
            self.refined,
            self.domain.is_some(),
            self.domains.is_some(),
            self.file.is_some(),
            self.split.is_some(),
        ];
        SPECIAL.into_iter().zip(given).filter(|(_, given)| *given).map(|(name, _)| name)
    }
}

fn parse<T: std::str::FromStr>(key: &str, value: &str, wanted: &str) -> Result<T> {
    value.parse().map_err(|_| Error::Invalid(format!("option `{key}` is `{value}`; it takes {wanted}")))
}
