//! One shard on disk: a safetensors file with the features and the row facts.

use super::{Skipped, StoreDtype};
use crate::{Error, Result};
use half::{bf16, f16};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use std::{collections::HashMap, fs::File, path::Path};

/// The rows of one shard in memory, in listing order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ShardRows {
    /// `[n, D_in]`, row-major.
    pub features: Vec<f32>,
    /// Position of each row in the listing, `[n]`.
    pub rows: Vec<u32>,
    /// Images of this shard's range that could not be read.
    pub skipped: Vec<Skipped>,
}

/// The facts of each row beside its features.
pub(super) struct RowFacts {
    pub(super) classes: Vec<i64>,
    pub(super) domains: Vec<i64>,
    pub(super) paths: Vec<String>,
}

/// The one metadata key of a shard. One, because the order of several would follow a hash map's and change the bytes.
const HEADER_KEY: &str = "mdfe";

/// What the metadata key holds, as JSON.
#[derive(serde::Serialize, serde::Deserialize)]
struct ShardHeader {
    address: String,
    paths: Vec<String>,
    skipped: Vec<Skipped>,
}

/// A shard file in a memory map, its header checked.
pub(super) struct MappedShard {
    map: memmap2::Mmap,
    features: std::ops::Range<usize>,
    pub(super) rows: usize,
    pub(super) facts: RowFacts,
    pub(super) skipped: Vec<Skipped>,
}

/// Writes a shard beside `path` and renames it into place.
pub(super) fn write(
    path: &Path,
    shard: &ShardRows,
    facts: &RowFacts,
    spec: (&str, StoreDtype),
) -> Result<()> {
    let (address, dtype) = spec;
    let n = shard.rows.len();
    let dim = shard.features.len().checked_div(n).unwrap_or(0);
    let features: Vec<u8> = match dtype {
        StoreDtype::F32 => shard.features.iter().flat_map(|v| v.to_le_bytes()).collect(),
        StoreDtype::F16 => shard.features.iter().flat_map(|v| f16::from_f32(*v).to_le_bytes()).collect(),
        StoreDtype::Bf16 => shard.features.iter().flat_map(|v| bf16::from_f32(*v).to_le_bytes()).collect(),
    };
    let bytes = |v: &[i64]| v.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>();
    let (classes, domains) = (bytes(&facts.classes), bytes(&facts.domains));
    let view = |dtype, shape, data| {
        TensorView::new(dtype, shape, data).map_err(|e| malformed(path, format!("cannot be written: {e}")))
    };
    let tensors = [
        ("features", view(safetensors_dtype(dtype), vec![n, dim], &features)?),
        ("classes", view(Dtype::I64, vec![n], &classes)?),
        ("domains", view(Dtype::I64, vec![n], &domains)?),
    ];
    let header = ShardHeader {
        address: address.to_owned(),
        paths: facts.paths.clone(),
        skipped: shard.skipped.clone(),
    };
    let header = serde_json::to_string(&header).map_err(|e| malformed(path, e.to_string()))?;
    let metadata = HashMap::from([(HEADER_KEY.to_owned(), header)]);
    let bytes =
        safetensors::serialize(tensors, Some(metadata)).map_err(|e| malformed(path, e.to_string()))?;
    crate::write_atomically(path, &bytes)
}

impl MappedShard {
    /// Opens a shard and checks that it belongs to the store `address` and holds `[n, dim]` features of `dtype`.
    #[allow(unsafe_code)]
    pub(super) fn open(path: &Path, address: &str, dim: usize, dtype: StoreDtype) -> Result<Self> {
        let file = File::open(path).map_err(Error::io("open", path))?;
        // SAFETY: shards are renamed into place when whole and never written again, so the mapped bytes do not change.
        let map = unsafe { memmap2::Mmap::map(&file) }.map_err(Error::io("map", path))?;
        let bad = |reason: String| malformed(path, reason);
        let (header_len, header) = SafeTensors::read_metadata(&map)
            .map_err(|e| bad(format!("not a whole safetensors file ({e})")))?;
        let meta = header.metadata().as_ref().ok_or_else(|| bad("has no metadata".into()))?;
        let text = meta.get(HEADER_KEY).ok_or_else(|| bad(format!("has no metadata key `{HEADER_KEY}`")))?;
        let ShardHeader { address: found, paths, skipped } =
            serde_json::from_str(text).map_err(|e| bad(format!("metadata key `{HEADER_KEY}`: {e}")))?;
        if found != address {
            return Err(bad(format!("belongs to the store {found}, not to {address}; remove it")));
        }
        let n = paths.len();
        let range = |key: &str, dtype: Dtype, shape: &[usize]| {
            let info = header.info(key).ok_or_else(|| bad(format!("has no tensor `{key}`")))?;
            if info.dtype != dtype || info.shape != shape {
                return Err(bad(format!(
                    "tensor `{key}` is {:?} {:?}, expected {dtype:?} {shape:?}",
                    info.dtype, info.shape
                )));
            }
            // `read_metadata` has checked the offsets against the file; 8 bytes of header length come before the header.
            Ok(info.data_offsets.0 + header_len + 8..info.data_offsets.1 + header_len + 8)
        };
        let feature_shape = if n == 0 { [0, 0] } else { [n, dim] };
        let features = range("features", safetensors_dtype(dtype), &feature_shape)?;
        let ints = |key: &str| -> Result<Vec<i64>> {
            let (chunks, _) = map[range(key, Dtype::I64, &[n])?].as_chunks::<8>();
            Ok(chunks.iter().map(|c| i64::from_le_bytes(*c)).collect())
        };
        let facts = RowFacts { classes: ints("classes")?, domains: ints("domains")?, paths };
        Ok(Self { features, rows: n, facts, skipped, map })
    }

    /// Copies row `i` as f32 into `out [D_in]`.
    pub(super) fn copy_row(&self, i: usize, dtype: StoreDtype, out: &mut [f32]) {
        let width = out.len() * dtype.bytes();
        let row = &self.map[self.features.clone()][i * width..(i + 1) * width];
        match dtype {
            StoreDtype::F32 => convert::<4>(row, out, f32::from_le_bytes),
            StoreDtype::F16 => convert::<2>(row, out, |b| f16::from_le_bytes(b).to_f32()),
            StoreDtype::Bf16 => convert::<2>(row, out, |b| bf16::from_le_bytes(b).to_f32()),
        }
    }
}

fn convert<const N: usize>(row: &[u8], out: &mut [f32], f: impl Fn([u8; N]) -> f32) {
    for (value, bytes) in out.iter_mut().zip(row.as_chunks::<N>().0) {
        *value = f(*bytes);
    }
}

fn safetensors_dtype(dtype: StoreDtype) -> Dtype {
    match dtype {
        StoreDtype::F32 => Dtype::F32,
        StoreDtype::F16 => Dtype::F16,
        StoreDtype::Bf16 => Dtype::BF16,
    }
}

fn malformed(path: &Path, reason: String) -> Error {
    Error::Malformed { path: path.to_path_buf(), line: None, reason }
}
