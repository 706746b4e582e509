//! A memory-mapped safetensors file: the one reader of this format here.

use super::TensorSource;
use crate::{Error, Result};
use candle_core::{DType, Device, Tensor};
use memmap2::Mmap;
use safetensors::{
    SafeTensors,
    tensor::{Metadata, TensorView},
};
use std::path::{Path, PathBuf};

/// Bytes before the JSON header: its length as a little-endian u64.
const LENGTH_BYTES: usize = 8;

pub(crate) struct SafetensorsFile {
    path: PathBuf,
    /// What the file is for; errors say so.
    model: String,
    map: Mmap,
    header: Metadata,
    /// Where the tensors' bytes begin.
    data: usize,
}

impl SafetensorsFile {
    /// Maps the file and reads its header; `model` is what errors say that it does not fit.
    pub(crate) fn open(path: &Path, model: &str) -> Result<Self> {
        let io = Error::io("read", path);
        let file = std::fs::File::open(path).map_err(&io)?;
        // SAFETY: the map is read-only. A file that another process cuts short while it is mapped ends this process with a
        // bus error, which every reader of mapped weights accepts; nothing is written through the map.
        #[allow(unsafe_code)]
        let map = unsafe { Mmap::map(&file) }.map_err(io)?;
        let (length, header) = SafeTensors::read_metadata(&map).map_err(|e| {
            Error::misfit(
                path,
                model,
                format!("it is not a whole safetensors file ({e}); download or write it again"),
            )
        })?;
        let (path, model) = (path.to_path_buf(), model.to_owned());
        Ok(Self { path, model, map, header, data: LENGTH_BYTES + length })
    }

    /// The value of a metadata key.
    pub(crate) fn metadata(&self, key: &str) -> Option<&str> {
        self.header.metadata().as_ref()?.get(key).map(String::as_str)
    }

    /// The tensor under `key` as it lies in the file.
    ///
    /// # Errors
    /// [`Error::Weights`] when there is none.
    pub(crate) fn view(&self, key: &str) -> Result<TensorView<'_>> {
        let info = self.header.info(key).ok_or_else(|| self.misfit(format!("the key `{key}` is missing")))?;
        let (start, end) = info.data_offsets;
        let bytes = &self.map[self.data + start..self.data + end];
        TensorView::new(info.dtype, info.shape.clone(), bytes)
            .map_err(|e| self.misfit(format!("`{key}` cannot be read: {e}")))
    }

    /// The error of a file that does not fit.
    pub(crate) fn misfit(&self, problems: impl Into<String>) -> Error {
        Error::misfit(&self.path, &self.model, problems)
    }
}

impl TensorSource for SafetensorsFile {
    fn keys(&self) -> Vec<String> {
        self.header.offset_keys()
    }

    fn shape(&self, key: &str) -> Option<Vec<usize>> {
        Some(self.header.info(key)?.shape.clone())
    }

    fn load(&self, key: &str) -> Result<Tensor> {
        let view = self.view(key)?;
        let dtype = DType::try_from(view.dtype()).map_err(|_| {
            self.misfit(format!("`{key}` is {:?}, a format that cannot be loaded", view.dtype()))
        })?;
        Ok(Tensor::from_raw_buffer(view.data(), dtype, view.shape(), &Device::Cpu)?)
    }
}
