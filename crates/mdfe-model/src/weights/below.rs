//! The part of a file whose keys start with a prefix: the backbone inside a standalone embedder.

use super::{TensorSource, Weights, format};
use crate::Result;
use candle_core::Tensor;
use std::path::Path;

struct Below {
    inner: Box<dyn TensorSource>,
    prefix: String,
}

impl TensorSource for Below {
    fn keys(&self) -> Vec<String> {
        self.inner.keys().iter().filter_map(|k| k.strip_prefix(&self.prefix)).map(str::to_owned).collect()
    }

    fn shape(&self, key: &str) -> Option<Vec<usize>> {
        self.inner.shape(&format!("{}{key}", self.prefix))
    }

    fn load(&self, key: &str) -> Result<Tensor> {
        self.inner.load(&format!("{}{key}", self.prefix))
    }
}

impl Weights {
    /// The tensors of a file whose keys start with `prefix`, under their keys without it; the others do not count.
    ///
    /// # Errors
    /// Those of [`Weights::open`].
    pub fn open_below(path: &Path, prefix: &str) -> Result<Self> {
        let below = |inner| Box::new(Below { inner, prefix: prefix.to_owned() }) as Box<dyn TensorSource>;
        Self::from_sources(format::sources(path)?.into_iter().map(below).collect(), path.to_path_buf())
    }
}
