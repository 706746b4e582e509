//! An embedder as a folder for the Hugging Face hub: `embedder.safetensors`, `config.json` and a model card.
//!
//! mdfe itself reads the embedder's file alone; `config.json` is for the hub and for people.

mod card;

use crate::{EmbedderFile, Error, Pretrained, Result, pretrained};
use mdfe_data::write_atomically;
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// Name and version of `config.json`'s format.
const FORMAT: &str = "mdfe-hub-1";
const CONFIG: &str = "config.json";
const CARD: &str = "README.md";

/// A folder that may be written: it is new or empty, or this program's own.
#[derive(Clone, Debug)]
pub struct HubFolder {
    path: PathBuf,
}

/// What is read of a `config.json` that is there.
#[derive(Deserialize)]
struct FormatOnly {
    format: String,
}

impl HubFolder {
    /// The files that [`HubFolder::write`] leaves.
    pub const FILES: [&str; 3] = [EmbedderFile::FILE, CONFIG, CARD];

    /// Asks whether `path` may be written, and changes nothing. What a clone of an empty repository holds (`.git`, `.gitattributes`) counts
    /// as nothing.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a folder that holds something else, and for a card that somebody has edited.
    pub fn claim(path: &Path) -> Result<Self> {
        let folder = Self { path: path.to_path_buf() };
        let shown = path.display();
        let entries = match std::fs::read_dir(path) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(folder),
            other => other.map_err(Error::io("read the folder", path))?,
        };
        let mut names = Vec::new();
        for entry in entries {
            let name = entry.map_err(Error::io("read the folder", path))?.file_name();
            names.push(name.to_string_lossy().into_owned());
        }
        names.sort();
        let found = names.iter().find(|name| !name.starts_with('.'));
        if let Some(found) = found.filter(|_| !folder.is_own()) {
            return Err(Error::Invalid(format!(
                "{shown} holds {found} and was not written by an export for the hub; give an empty folder or a new one"
            )));
        }
        let card = path.join(CARD);
        match std::fs::read_to_string(&card) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
            Ok(text) if card::is_own(&text) => {}
            Ok(_) => {
                return Err(Error::Invalid(format!(
                    "{} was edited since mdfe wrote it, and would be lost; move it away, or give another folder",
                    card.display()
                )));
            }
            Err(e) => return Err(Error::io("read", &card)(e)),
        }
        Ok(folder)
    }

    /// Whether the folder's `config.json` is of this format.
    fn is_own(&self) -> bool {
        let config = std::fs::read(self.path.join(CONFIG)).ok();
        let format = config.and_then(|bytes| serde_json::from_slice::<FormatOnly>(&bytes).ok());
        format.is_some_and(|config| config.format == FORMAT)
    }

    /// Writes the folder. `save` writes the embedder to the path that it is given; `standalone` is whether its backbone is inside.
    ///
    /// # Errors
    /// [`Error::UnknownBackbone`], those of `save`, and a disk that is full or read-only.
    pub fn write<E: From<Error>>(
        &self,
        file: &EmbedderFile,
        standalone: bool,
        save: impl FnOnce(&Path) -> std::result::Result<(), E>,
    ) -> std::result::Result<(), E> {
        let row = pretrained(&file.meta.backbone.name)?;
        let config = config(file, row)?;
        let put = |name: &str, text: &str| -> Result<()> {
            Ok(write_atomically(&self.path.join(name), text.as_bytes())?)
        };
        // First what says whose folder this is, so that a killed export can be done again.
        put(CONFIG, &config)?;
        save(&self.path.join(EmbedderFile::FILE))?;
        let name = std::path::absolute(&self.path).ok().and_then(|path| Some(path.file_name()?.to_owned()));
        let name = name.map_or_else(|| "embedder".to_owned(), |name| name.to_string_lossy().into_owned());
        put(CARD, &card::Card { name: &name, meta: &file.meta, row, standalone }.text())?;
        Ok(())
    }
}

/// The text of `config.json`: the embedder's record, and where its backbone comes from.
fn config(file: &EmbedderFile, row: &Pretrained) -> Result<String> {
    let json = |e: serde_json::Error| Error::Invalid(format!("the embedder's record is no JSON: {e}"));
    let mut config = serde_json::to_value(&file.meta).map_err(json)?;
    for (key, value) in [
        ("format", FORMAT.into()),
        ("library_name", "mdfe".into()),
        ("mdfe", env!("CARGO_PKG_VERSION").into()),
        ("embedder", EmbedderFile::FILE.into()),
        ("embedder_format", file.meta.format.clone().into()),
        ("backbone_repository", row.repo.clone().into()),
        ("backbone_license", row.license.clone().into()),
    ] {
        config[key] = value;
    }
    Ok(format!("{config:#}\n"))
}

#[cfg(test)]
mod tests;
