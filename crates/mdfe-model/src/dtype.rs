//! The number formats that backbones compute in and features are stored in, and what each library calls them.

use crate::{Error, Result};
use candle_core::DType;
use mdfe_data::store::StoreDtype;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// A number format, by its name in experiment files and on the command line.
///
/// ```
/// use mdfe_model::Dtype;
///
/// let dtype: Dtype = "bf16".parse()?;
/// assert_eq!(candle_core::DType::from(dtype), candle_core::DType::BF16);
/// # Ok::<(), mdfe_model::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dtype {
    /// 32 bits. The default.
    #[default]
    F32,
    /// bfloat16: 8 significant bits, the range of f32.
    Bf16,
    /// Half precision: 11 significant bits, range 6e-5 to 65,504.
    F16,
}

impl Dtype {
    /// Every format.
    pub const ALL: [Self; 3] = [Self::F32, Self::Bf16, Self::F16];

    /// The name: `f32`, `bf16` or `f16`.
    pub fn name(self) -> &'static str {
        DType::from(self).as_str()
    }
}

impl From<Dtype> for DType {
    fn from(dtype: Dtype) -> Self {
        match dtype {
            Dtype::F32 => Self::F32,
            Dtype::Bf16 => Self::BF16,
            Dtype::F16 => Self::F16,
        }
    }
}

impl From<Dtype> for StoreDtype {
    fn from(dtype: Dtype) -> Self {
        match dtype {
            Dtype::F32 => Self::F32,
            Dtype::Bf16 => Self::Bf16,
            Dtype::F16 => Self::F16,
        }
    }
}

impl FromStr for Dtype {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|dtype| dtype.name() == name).ok_or_else(|| {
            let known = Self::ALL.map(Self::name).join(", ");
            Error::Invalid(format!("unknown dtype `{name}`; known are {known}"))
        })
    }
}

impl fmt::Display for Dtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_name_for_candle_for_safetensors_for_stores_and_for_files() {
        for dtype in Dtype::ALL {
            let name = dtype.name();
            assert_eq!(name.parse::<Dtype>().unwrap(), dtype);
            assert_eq!(serde_json::to_value(dtype).unwrap(), name);
            assert_eq!(serde_json::to_value(StoreDtype::from(dtype)).unwrap(), name);
            let stored = safetensors::Dtype::from(DType::from(dtype));
            assert_eq!(stored.to_string().to_lowercase(), name);
            assert_eq!(DType::try_from(stored).unwrap(), DType::from(dtype));
            assert_eq!(StoreDtype::from(dtype).bytes(), DType::from(dtype).size_in_bytes());
        }
        let message = "f64".parse::<Dtype>().unwrap_err().to_string();
        assert!(message.contains("`f64`") && message.contains("f32, bf16, f16"), "{message}");
    }
}
