//! What an index stores of a row.

use crate::{Error, Result};
use mdfe_data::EmbedderId;
use serde::{Deserialize, Serialize};
use std::fmt;

/// How rows are stored and searched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dtype {
    /// 4 bytes for each dimension (default).
    #[default]
    F32,
    /// 2 bytes for each dimension; the search is exact over the rounded values.
    F16,
    /// 1 byte for each dimension and a scale for each row; exact over the finer copy.
    Int8,
    /// 1 bit for each dimension: candidates by Hamming distance, of which the finer copy keeps the best. Not exact.
    Binary,
}

impl Dtype {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::F32, Self::F16, Self::Int8, Self::Binary];

    /// As it stands in the manifest and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::Int8 => "int8",
            Self::Binary => "binary",
        }
    }
}

impl fmt::Display for Dtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The finer copy of each row, beside its bytes or bits, that decides in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rescore {
    /// No copy: the smallest index. Scores are those of the bytes, or the share of equal signs.
    None,
    /// 2 bytes for each dimension.
    F16,
    /// 4 bytes for each dimension: int8 then finds what f32 finds, to the bit.
    F32,
}

impl Rescore {
    /// As it stands in the manifest and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::F16 => "f16",
            Self::F32 => "f32",
        }
    }
}

/// What an index is made as.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IndexOptions {
    /// Width of the rows, D.
    pub dim: usize,
    /// How rows are stored; f32 by default.
    pub dtype: Dtype,
    /// The finer copy of int8 and binary rows; f16 by default. f32 and f16 have none.
    pub rescore: Option<Rescore>,
    /// Which embedder makes the rows; taken from the first rows that are added where it is not given.
    pub embedder: Option<EmbedderId>,
}

impl IndexOptions {
    /// The finer copy, where the options fit together.
    pub(crate) fn finer(&self) -> Result<Rescore> {
        if self.dim == 0 {
            return Err(Error::Options("an index needs rows of at least 1 dimension".into()));
        }
        match (self.dtype, self.rescore) {
            (Dtype::Int8 | Dtype::Binary, rescore) => Ok(rescore.unwrap_or(Rescore::F16)),
            (_, None | Some(Rescore::None)) => Ok(Rescore::None),
            (dtype, Some(_)) => Err(Error::Options(format!(
                "an index of {dtype} has no finer copy; it belongs to int8 and binary"
            ))),
        }
    }
}
