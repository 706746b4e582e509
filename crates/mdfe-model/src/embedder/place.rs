//! Where an embedder lies: on this machine, or in a repository of the Hugging Face hub.

use super::EmbedderFile;
use crate::{Error, Hub, HubOptions, Result};
use std::path::{Path, PathBuf};

/// What the name of a repository begins with.
const SCHEME: &str = "hf-hub:";

/// The file or folder of the embedder that a user names: `hf-hub:ORG/NAME`, with `@REVISION` behind it where it is not the main
/// branch, is fetched into the hub's cache; anything else is a path already.
///
/// # Errors
/// [`Error::Invalid`] for a name that no repository has, [`Error::Hub`] when the file cannot be had.
pub fn embedder_path(model: &Path, hub: &HubOptions) -> Result<PathBuf> {
    let Some(name) = model.to_str().and_then(|text| text.strip_prefix(SCHEME)) else {
        return Ok(model.to_path_buf());
    };
    let (repo, revision) = match name.split_once('@') {
        Some((repo, revision)) => (repo, Some(revision)),
        None => (name, None),
    };
    if !is_repo(repo) || revision.is_some_and(str::is_empty) {
        return Err(Error::Invalid(format!(
            "`{}` names no repository of the hub; write {SCHEME}ORG/NAME or {SCHEME}ORG/NAME@REVISION",
            model.display()
        )));
    }
    Ok(Hub::new(hub.clone()).fetch(repo, EmbedderFile::FILE, revision)?.path)
}

/// An owner and a name of the characters that the hub allows.
fn is_repo(text: &str) -> bool {
    let part = |part: &str| {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        !part.is_empty() && part.bytes().all(allowed) && !part.starts_with('.') && !part.contains("..")
    };
    text.split_once('/').is_some_and(|(owner, name)| part(owner) && part(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_as_they_are_and_names_that_no_repository_has_are_refused() {
        let hub = HubOptions { offline: true, cache: "/nowhere".into(), ..HubOptions::default() };
        let path = |text: &str| embedder_path(Path::new(text), &hub);
        for text in ["runs/a", "/tmp/e.safetensors", "hf-hub", "org/name"] {
            assert_eq!(path(text).unwrap(), Path::new(text));
        }
        for text in [
            "hf-hub:",
            "hf-hub:name",
            "hf-hub:/name",
            "hf-hub:org/",
            "hf-hub:org/a/b",
            "hf-hub:../a",
            "hf-hub:org/a b",
            "hf-hub:org/a@",
        ] {
            let said = path(text).unwrap_err().to_string();
            assert!(said.contains(text) && said.contains("hf-hub:ORG/NAME"), "{said}");
        }
        let said = path("hf-hub:org/name@v1").unwrap_err().to_string();
        assert!(said.contains("embedder.safetensors of org/name"), "{said}");
    }
}
