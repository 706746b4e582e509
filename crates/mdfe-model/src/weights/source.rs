//! Where tensors come from.

use crate::{Error, Result};
use candle_core::Tensor;
use std::{collections::HashMap, path::Path};

/// A file or a map that holds tensors under their stored keys.
pub trait TensorSource: Send + Sync {
    /// The stored keys, in any order.
    fn keys(&self) -> Vec<String>;

    /// The shape stored under `key`.
    fn shape(&self, key: &str) -> Option<Vec<usize>>;

    /// The tensor stored under `key`, on any device and in its own dtype.
    ///
    /// # Errors
    /// When the key does not exist or its bytes cannot be read; names the file.
    fn load(&self, key: &str) -> Result<Tensor>;
}

impl TensorSource for HashMap<String, Tensor> {
    fn keys(&self) -> Vec<String> {
        HashMap::keys(self).cloned().collect()
    }

    fn shape(&self, key: &str) -> Option<Vec<usize>> {
        Some(self.get(key)?.dims().to_vec())
    }

    fn load(&self, key: &str) -> Result<Tensor> {
        let path = Path::new("<tensors in memory>");
        let missing = || Error::misfit(path, "the model", format!("the key `{key}` is missing"));
        self.get(key).cloned().ok_or_else(missing)
    }
}
