//! Data sets to train on and to evaluate with.

use super::{Field, Takes, section};
use mdfe_data::ReadOptions;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

section! {
    /// Data sets to train on and to evaluate with.
    pub struct DataConfig {
        /// Folder that holds the data sets, relative to the working directory.
        root: PathBuf = "data".into(), Takes::Text;
        /// Data sets to train on, their classes side by side: `[[data.train]]`.
        train: Vec<SetConfig> = Vec::new(), Takes::Sections(SetConfig::keys);
        /// Query and index sets to evaluate with: `[[data.eval]]`.
        eval: Vec<EvalSet> = Vec::new(), Takes::Sections(EvalSet::keys);
    }
}

section! {
    /// A query set and its index set.
    pub struct EvalSet {
        /// Its name in tables; without, the query set's key.
        name: String = String::new(), Takes::Text;
        /// The queries.
        query: SetConfig = SetConfig::default(), Takes::Section(SetConfig::keys);
        /// What they search; without, the queries themselves, leave one out.
        #[serde(skip_serializing_if = "Option::is_none")]
        index: Option<SetConfig> = None, Takes::Section(SetConfig::keys);
    }
}

/// One data set.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SetConfig {
    /// Which one: a key of `mdfe datasets list`, `image_folder` or `csv`.
    pub key: String,
    /// Its own root in place of `data.root`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root: Option<PathBuf>,
    /// How it is read; [`ReadOptions`] names the keys.
    #[serde(flatten)]
    pub options: ReadOptions,
}

impl SetConfig {
    /// The keys of a data set: two of its own and those of [`ReadOptions`].
    #[rustfmt::skip]
    pub(crate) fn keys() -> Vec<Field> {
        vec![
            Field::new("key", Takes::Text, "Which one: a key of `mdfe datasets list`, `image_folder` or `csv`."),
            Field::new("root", Takes::Text, "Its own root in place of `data.root`."),
            Field::new("min_samples", Takes::Count(0), "Drop classes with fewer samples; without, the data set's own minimum; 0 for none."),
            Field::new("max_samples", Takes::Count(0), "Keep at most this many samples of a class, drawn with the seed; without, the data set's own maximum; 0 for none."),
            Field::new("num_classes", Takes::Count(1), "Keep this many classes, drawn with the seed; without, all."),
            Field::new("seed", Takes::Count(0), "Seed of the draws."),
            Field::new("exclude", Takes::Text, "A list of images to leave out, relative to the root."),
            Field::new("refined", Takes::Flag, "`stanford_cars`: classes are model and colour, not model alone."),
            Field::new("domain", Takes::Text, "`image_folder`, `csv`: the domain of samples without one of their own; without, `images`."),
            Field::new("domains", Takes::Texts, "`uned`: the domains to read; without, all eight."),
            Field::new("file", Takes::Text, "`csv`: the table, relative to the root."),
            Field::new("split", Takes::Text, "`csv` with a `split` column: the split to read; without, `train`."),
        ]
    }

    /// The options to read it with, its root filled in.
    pub fn read_options(&self, data: &DataConfig) -> ReadOptions {
        let root = self.root.clone().unwrap_or_else(|| data.root.clone());
        ReadOptions { root, ..self.options.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::fields_of;

    #[test]
    fn keys_of_a_data_set_are_the_read_options() {
        let keys: Vec<&str> = SetConfig::keys().iter().map(|key| key.name).collect();
        let options = fields_of::<ReadOptions>(&[]).unwrap();
        assert_eq!(keys[..2], ["key", "root"]);
        assert_eq!(&keys[2..], options);
    }
}
