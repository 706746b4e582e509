//! The four artists: where each keeps the image of an emoji.

use super::{
    catalog::Class,
    package::{self, Package},
};
use anyhow::{Context, Result};
use mdfe_data::files::write_atomically;
use std::{
    collections::HashSet,
    path::{Path, PathBuf},
};

/// How an artist's files are named.
#[derive(Clone, Copy)]
enum Naming {
    /// `1f600.png`, the variation selector written or not.
    Code,
    /// `1F600.svg`.
    UpperCode,
    /// `grinning-face.svg`, the name of the Unicode CLDR.
    Name,
}

/// One artist's images.
pub(super) struct Artist {
    /// Folder name in the pack.
    pub(super) name: &'static str,
    package: PathBuf,
    folder: PathBuf,
    files: HashSet<String>,
    naming: Naming,
}

impl Artist {
    /// The artists in the order of the pack; the first one's images are the queries.
    pub(super) fn all(packages: &Path) -> Result<Vec<Self>> {
        let new = |name, package: &Package, folder: &str, naming| -> Result<Self> {
            let package = package::find(packages, package)?;
            let folder = package.join(folder);
            let listing =
                std::fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
            let mut files = HashSet::new();
            for entry in listing {
                files.insert(entry?.file_name().to_string_lossy().into_owned());
            }
            Ok(Self { name, package, folder, files, naming })
        };
        Ok(vec![
            new("noto", &package::NOTO, "img/google/64", Naming::Code)?,
            new("twemoji", &package::TWEMOJI, "img/twitter/64", Naming::Code)?,
            new("openmoji", &package::OPENMOJI, "color/svg", Naming::UpperCode)?,
            new("fluent", &package::FLUENT, "icons/flat", Naming::Name)?,
        ])
    }

    /// The artist's image of a class.
    pub(super) fn image(&self, class: &Class) -> Option<PathBuf> {
        let names = match self.naming {
            Naming::Code => vec![format!("{}.png", class.code), format!("{}-fe0f.png", class.code)],
            Naming::UpperCode => vec![format!("{}.svg", class.code.to_uppercase())],
            Naming::Name => vec![format!("{}.svg", kebab(&class.name))],
        };
        names.into_iter().find(|name| self.files.contains(name)).map(|name| self.folder.join(name))
    }

    /// Copies the package's licence text to `folder/{artist}.txt`.
    pub(super) fn copy_licence(&self, folder: &Path) -> Result<()> {
        let candidates = ["LICENSE", "LICENSE.txt", "LICENSE.md"].map(|name| self.package.join(name));
        let source = candidates.iter().find(|p| p.exists());
        let source = source.with_context(|| format!("{} has no licence file", self.package.display()))?;
        let text = std::fs::read(source).with_context(|| format!("cannot read {}", source.display()))?;
        Ok(write_atomically(&folder.join(format!("{}.txt", self.name)), &text)?)
    }
}

/// `Man's shoe` as `mans-shoe`: letters and digits, words joined by hyphens.
fn kebab(name: &str) -> String {
    let plain: String = name.to_lowercase().chars().filter(|c| !matches!(c, '\'' | '’' | '.')).collect();
    let words = plain.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-")
}
