//! A memory-mapped safetensors file.

use super::TensorSource;
use crate::{Error, Result};
use candle_core::{DType, Device, Tensor};
use memmap2::Mmap;
use safetensors::{SafeTensors, tensor::Metadata};
use std::path::{Path, PathBuf};

/// Bytes before the JSON header: its length as a little-endian u64.
const LENGTH_BYTES: usize = 8;

pub(super) struct SafetensorsFile {
    path: PathBuf,
    map: Mmap,
    header: Metadata,
    /// Where the tensors' bytes begin.
    data: usize,
}

impl SafetensorsFile {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let io = |source| Error::Io { action: "read", path: path.to_path_buf(), source };
        let file = std::fs::File::open(path).map_err(io)?;
        // SAFETY: the map is read-only. A file that another process cuts short while it is mapped ends this process with a
        // bus error, which every reader of mapped weights accepts; nothing is written through the map.
        #[allow(unsafe_code)]
        let map = unsafe { Mmap::map(&file) }.map_err(io)?;
        let (length, header) = SafeTensors::read_metadata(&map).map_err(|e| {
            misfit(path, format!("it is not a whole safetensors file ({e}); download it again"))
        })?;
        Ok(Self { path: path.to_path_buf(), map, header, data: LENGTH_BYTES + length })
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
        let info = self.header.info(key);
        let info = info.ok_or_else(|| misfit(&self.path, format!("the key `{key}` is missing")))?;
        let dtype = DType::try_from(info.dtype).map_err(|_| {
            misfit(&self.path, format!("`{key}` is {:?}, which has no numbers to load", info.dtype))
        })?;
        let (start, end) = info.data_offsets;
        let bytes = &self.map[self.data + start..self.data + end];
        Ok(Tensor::from_raw_buffer(bytes, dtype, &info.shape, &Device::Cpu)?)
    }
}

fn misfit(path: &Path, problems: String) -> Error {
    Error::Weights { path: path.to_path_buf(), model: "any model".to_owned(), problems }
}
