//! A safetensors file in a memory map.

use crate::{Error, Result};
use memmap2::Mmap;
use safetensors::{Dtype, SafeTensors, tensor::Metadata};
use std::{
    fs::File,
    ops::Range,
    path::{Path, PathBuf},
};

/// A mapped file, its header and length checked; values are read where they lie.
#[derive(Debug)]
pub struct TensorFile {
    path: PathBuf,
    map: Mmap,
    header: Metadata,
    /// Where the values start.
    start: usize,
}

impl TensorFile {
    /// Maps the file. Files of ours are renamed into place when whole and never written again.
    ///
    /// # Errors
    /// [`Error::Io`] when it cannot be read, [`Error::Malformed`] when it is not a whole safetensors file.
    #[allow(unsafe_code)]
    pub fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(Error::io("open", path))?;
        // SAFETY: every file of this project is renamed into place when whole and never written again, so the mapped bytes do
        // not change.
        let map = unsafe { Mmap::map(&file) }.map_err(Error::io("map", path))?;
        let bad = |reason: String| Error::Malformed { path: path.to_path_buf(), line: None, reason };
        let (length, header) = SafeTensors::read_metadata(&map)
            .map_err(|e| bad(format!("is not a whole safetensors file ({e})")))?;
        // `read_metadata` checks the offsets against each other; the values must be there, too, and nothing behind them.
        let start = length + 8;
        let values = header.data_len();
        if map.len() != start + values {
            let got = map.len() as i64 - start as i64;
            return Err(bad(format!("holds {got} bytes of values where its header speaks of {values}")));
        }
        Ok(Self { path: path.to_path_buf(), map, header, start })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// All bytes of the file.
    pub fn bytes(&self) -> &[u8] {
        &self.map
    }

    /// The text under a metadata key.
    pub fn metadata(&self, key: &str) -> Option<&str> {
        self.header.metadata().as_ref()?.get(key).map(String::as_str)
    }

    /// Dtype and shape of a tensor.
    pub fn shape(&self, name: &str) -> Option<(Dtype, &[usize])> {
        self.header.info(name).map(|info| (info.dtype, info.shape.as_slice()))
    }

    /// Where the bytes of a tensor lie in [`TensorFile::bytes`].
    ///
    /// # Errors
    /// [`Error::Malformed`] when it is not there or has another dtype or shape.
    pub fn range(&self, name: &str, dtype: Dtype, shape: &[usize]) -> Result<Range<usize>> {
        let info = self.header.info(name).ok_or_else(|| self.fault(format!("has no tensor `{name}`")))?;
        if info.dtype != dtype || info.shape != shape {
            return Err(self.fault(format!(
                "tensor `{name}` is {:?} {:?}, expected {dtype:?} {shape:?}",
                info.dtype, info.shape
            )));
        }
        Ok(info.data_offsets.0 + self.start..info.data_offsets.1 + self.start)
    }

    /// The bytes of a tensor.
    ///
    /// # Errors
    /// As [`TensorFile::range`].
    pub fn tensor(&self, name: &str, dtype: Dtype, shape: &[usize]) -> Result<&[u8]> {
        Ok(&self.map[self.range(name, dtype, shape)?])
    }

    /// The values of an I64 tensor `[n]`.
    ///
    /// # Errors
    /// As [`TensorFile::range`].
    pub fn ints(&self, name: &str, n: usize) -> Result<Vec<i64>> {
        let (chunks, _) = self.tensor(name, Dtype::I64, &[n])?.as_chunks::<8>();
        Ok(chunks.iter().map(|bytes| i64::from_le_bytes(*bytes)).collect())
    }

    /// An error about this file.
    pub fn fault(&self, reason: String) -> Error {
        Error::Malformed { path: self.path.clone(), line: None, reason }
    }
}
