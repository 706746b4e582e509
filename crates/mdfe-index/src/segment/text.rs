//! A text column that is read where it lies.

use mdfe_data::{Result, tensors::TensorFile};
use safetensors::Dtype;
use std::ops::Range;

/// Where the bytes of a column and its ends lie in a file.
#[derive(Debug)]
pub(super) struct TextView {
    bytes: Range<usize>,
    ends: Range<usize>,
}

impl TextView {
    /// The column `name` of `n` texts; `None` where the file has none.
    pub(super) fn open(file: &TensorFile, name: &str, n: usize) -> Result<Option<Self>> {
        let Some((_, shape)) = file.shape(name) else { return Ok(None) };
        let length = shape.iter().product::<usize>();
        let bytes = file.range(name, Dtype::U8, &[length])?;
        let ends = file.range(&format!("{name}_ends"), Dtype::I64, &[n])?;
        Ok(Some(Self { bytes, ends }))
    }

    /// Text `i`; `None` where it is not there, not UTF-8, or the ends are out of order, which `verify` tells.
    pub(super) fn get<'a>(&self, file: &'a TensorFile, i: usize) -> Option<&'a str> {
        let (ends, _) = file.bytes()[self.ends.clone()].as_chunks::<8>();
        let end = |i: usize| usize::try_from(i64::from_le_bytes(*ends.get(i)?)).ok();
        let start = if i == 0 { 0 } else { end(i - 1)? };
        std::str::from_utf8(file.bytes()[self.bytes.clone()].get(start..end(i)?)?).ok()
    }
}
