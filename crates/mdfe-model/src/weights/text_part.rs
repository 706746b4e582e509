//! The text tower's part of a checkpoint of both towers.

use super::{TensorSource, Weights, format};
use crate::{Error, Result};
use candle_core::Tensor;
use std::{collections::BTreeMap, path::PathBuf};

/// How the keys of a text tower begin where it has no scope of its own (OpenCLIP's `CLIP`).
const OWN: [&str; 5] =
    ["token_embedding.", "positional_embedding", "transformer.", "ln_final.", "text_projection"];
/// The scope of OpenCLIP's `CustomTextCLIP`.
const SCOPE: &str = "text.";

struct TextPart {
    inner: Box<dyn TensorSource>,
    /// The text tower's key to the stored one.
    keys: BTreeMap<String, String>,
}

impl TensorSource for TextPart {
    fn keys(&self) -> Vec<String> {
        self.keys.keys().cloned().collect()
    }

    fn shape(&self, key: &str) -> Option<Vec<usize>> {
        self.inner.shape(self.keys.get(key)?)
    }

    fn load(&self, key: &str) -> Result<Tensor> {
        // A key that is not there is reported by the file, under the name that was asked for.
        self.inner.load(self.keys.get(key).map_or(key, String::as_str))
    }
}

impl Weights {
    /// The text tower in the weight files of an image-text model of OpenCLIP, under its own keys.
    ///
    /// # Errors
    /// Those of [`Weights::open`]; [`Error::Weights`] when the files hold no text tower, as timm's do.
    pub fn open_text(paths: &[PathBuf]) -> Result<Self> {
        let path = paths.first().cloned().unwrap_or_default();
        let mut sources: Vec<Box<dyn TensorSource>> = Vec::new();
        for path in paths {
            sources.extend(format::sources(path)?);
        }
        let parts = parts(sources);
        if parts.iter().all(|part| part.keys.is_empty()) {
            let problems = "it holds an image tower only; give a checkpoint of both towers";
            return Err(Error::misfit(&path, "a text tower", problems));
        }
        let boxed = |part| Box::new(part) as Box<dyn TensorSource>;
        Self::from_sources(parts.into_iter().map(boxed).collect(), path)
    }
}

fn parts(sources: Vec<Box<dyn TensorSource>>) -> Vec<TextPart> {
    let plain = |key: &str| key.strip_prefix("module.").unwrap_or(key).to_owned();
    let scoped = sources.iter().flat_map(|s| s.keys()).any(|key| plain(&key).starts_with(SCOPE));
    let own = |key: String| {
        let short = plain(&key);
        if scoped {
            return short.strip_prefix(SCOPE).map(|short| (short.to_owned(), key.clone()));
        }
        OWN.iter().any(|start| short.starts_with(start)).then_some((short, key))
    };
    let part = |inner: Box<dyn TensorSource>| TextPart {
        keys: inner.keys().into_iter().filter_map(own).collect(),
        inner,
    };
    sources.into_iter().map(part).collect()
}
