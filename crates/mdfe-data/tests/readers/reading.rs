//! Reading a miniature tree, in the form in which expectations are written by hand.

use crate::tree::Tree;
use mdfe_data::{ReadOptions, Reading, read};

impl Tree {
    /// Reads `key` with options from text, as the command line gives them.
    pub(crate) fn try_read(&self, key: &str, options: &[(&str, &str)]) -> mdfe_data::Result<Reading> {
        let mut read_options = ReadOptions::at(self.root());
        for (key, value) in options {
            read_options.set(key, value)?;
        }
        read(key, &read_options)
    }

    /// The samples as `path class label domain` and what was dropped, as text.
    pub(crate) fn read(&self, key: &str, options: &[(&str, &str)]) -> (Vec<String>, Vec<String>) {
        let Reading { dataset, dropped } = self.try_read(key, options).unwrap();
        let line = |s: &mdfe_data::Sample| {
            let class = &dataset.class_names[s.class as usize];
            format!("{} {class} {} {}", s.path.display(), s.class, s.domain)
        };
        (dataset.samples.iter().map(line).collect(), dropped.iter().map(ToString::to_string).collect())
    }

    /// The error of reading, with the folder's own name taken out.
    pub(crate) fn read_error(&self, key: &str, options: &[(&str, &str)]) -> String {
        self.anonymous(&self.try_read(key, options).unwrap_err().to_string())
    }
}
