//! What weights are, whatever file they lie in.

use super::Weights;
use crate::Result;
use candle_core::{DType, Device, Tensor};
use mdfe_data::identity::{Fingerprint, Fingerprinter};
use rayon::prelude::*;

impl Weights {
    /// The fingerprint of the tensors under `keys` of this scope, as they are stored: key, shape, dtype and bytes of each, in the order of
    /// the keys. Another file with the same tensors (a full CLIP for its image tower, shards, a pickle, a standalone embedder) has the
    /// same. A key that is not there does not count.
    ///
    /// # Errors
    /// [`crate::Error::Weights`] or [`crate::Error::Candle`] when a tensor is there and cannot be read.
    pub fn fingerprint<'k>(&self, keys: impl IntoIterator<Item = &'k str>) -> Result<Fingerprint> {
        let mut keys: Vec<&str> = keys.into_iter().filter(|key| self.contains(key)).collect();
        keys.sort_unstable();
        keys.dedup();
        let each: Vec<Fingerprint> =
            keys.par_iter().map(|key| self.fingerprint_of(key)).collect::<Result<_>>()?;
        let mut all = Fingerprinter::new("mdfe tensors");
        for (key, tensor) in keys.iter().zip(each) {
            all.field(key, tensor.as_bytes());
        }
        Ok(all.finish())
    }

    fn fingerprint_of(&self, key: &str) -> Result<Fingerprint> {
        let tensor = self.stored(key)?.to_device(&Device::Cpu)?;
        let mut all = Fingerprinter::new("mdfe tensor");
        all.json("shape", &tensor.dims())
            .json("dtype", &tensor.dtype().as_str())
            .field("values", &bytes(&tensor)?);
        Ok(all.finish())
    }
}

/// The values of a tensor, little-endian, row-major.
fn bytes(tensor: &Tensor) -> Result<Vec<u8>> {
    macro_rules! values {
        ($type:ty) => {
            tensor.flatten_all()?.to_vec1::<$type>()?.iter().flat_map(|value| value.to_le_bytes()).collect()
        };
    }
    Ok(match tensor.dtype() {
        DType::F32 => values!(f32),
        DType::F16 => values!(half::f16),
        DType::BF16 => values!(half::bf16),
        DType::F64 => values!(f64),
        DType::U8 => values!(u8),
        DType::U32 => values!(u32),
        DType::I64 => values!(i64),
        // No backbone has tensors of another dtype; as numbers they still differ where they differ.
        _ => tensor
            .to_dtype(DType::F64)?
            .flatten_all()?
            .to_vec1::<f64>()?
            .iter()
            .flat_map(|v| v.to_le_bytes())
            .collect(),
    })
}
