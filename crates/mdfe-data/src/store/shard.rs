//! One shard on disk: a safetensors file with features and the keys of their images.

use super::StoreDtype;
use crate::{
    Error, Result,
    identity::Fingerprint,
    tensors::{TensorFile, TensorShape, header},
    write_atomically,
};
use half::{bf16, f16};
use safetensors::Dtype;
use std::{collections::BTreeMap, ops::Range, path::Path};

/// The ending of a shard's name, behind the hash of its bytes.
pub(super) const EXTENSION: &str = "safetensors";
/// The metadata key that holds the space's fingerprint.
const SPACE: &str = "mdfe_space";

/// What all shards of a space share.
#[derive(Clone, Copy)]
pub(super) struct ShardKind {
    pub(super) space: Fingerprint,
    pub(super) dtype: StoreDtype,
    /// Width of the features, D_in.
    pub(super) dim: usize,
}

/// The rows of a shard in memory.
#[derive(Default)]
pub(super) struct ShardRows {
    /// `[n]`
    pub(super) keys: Vec<Fingerprint>,
    /// `[n, D_in]`, row-major.
    pub(super) features: Vec<f32>,
}

/// Writes a shard into `dir` under the hash of its bytes, whole or not at all.
pub(super) fn write(dir: &Path, kind: ShardKind, rows: &ShardRows) -> Result<()> {
    let n = rows.keys.len();
    let shapes = [
        TensorShape::new("features", safetensors_dtype(kind.dtype), [n, kind.dim]),
        TensorShape::new("keys", Dtype::U8, [n, Fingerprint::BYTES]),
    ];
    let metadata = BTreeMap::from([(SPACE.to_owned(), kind.space.to_string())]);
    let mut bytes = header(&shapes, &metadata);
    match kind.dtype {
        StoreDtype::F32 => bytes.extend(rows.features.iter().flat_map(|v| v.to_le_bytes())),
        StoreDtype::F16 => bytes.extend(rows.features.iter().flat_map(|v| f16::from_f32(*v).to_le_bytes())),
        StoreDtype::Bf16 => bytes.extend(rows.features.iter().flat_map(|v| bf16::from_f32(*v).to_le_bytes())),
    }
    rows.keys.iter().for_each(|key| bytes.extend(key.as_bytes()));
    let path = dir.join(format!("{}.{EXTENSION}", Fingerprint::of(&bytes)));
    // The name says what is inside: who wrote the same bytes before has done this work.
    if TensorFile::open(&path).is_ok() { Ok(()) } else { write_atomically(&path, &bytes) }
}

/// A shard in a memory map, its header and length checked.
#[derive(Debug)]
pub(super) struct MappedShard {
    file: TensorFile,
    features: Range<usize>,
    keys: Range<usize>,
    /// The hash that the name claims.
    name: Fingerprint,
    pub(super) rows: usize,
}

impl MappedShard {
    /// Opens a shard and checks that it belongs to the space and holds rows of its width and dtype.
    pub(super) fn open(path: &Path, kind: ShardKind) -> Result<Self> {
        let file = TensorFile::open(path)?;
        let name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let name = name.parse().map_err(|_| file.fault("is not named after its content".into()))?;
        match file.metadata(SPACE) {
            Some(found) if found == kind.space.to_string() => {}
            Some(found) => {
                return Err(
                    file.fault(format!("belongs to the space {found}, not to {}; remove it", kind.space))
                );
            }
            None => {
                return Err(file.fault(format!("has no metadata key `{SPACE}`; it is no shard of features")));
            }
        }
        let Some((_, &[rows, _])) = file.shape("keys") else {
            return Err(file.fault("has no tensor `keys` [n, 32]".into()));
        };
        let keys = file.range("keys", Dtype::U8, &[rows, Fingerprint::BYTES])?;
        let features = file.range("features", safetensors_dtype(kind.dtype), &[rows, kind.dim])?;
        Ok(Self { file, features, keys, name, rows })
    }

    /// The keys of the rows, in order.
    pub(super) fn keys(&self) -> impl ExactSizeIterator<Item = Fingerprint> {
        let (keys, _) = self.file.bytes()[self.keys.clone()].as_chunks::<{ Fingerprint::BYTES }>();
        keys.iter().map(|bytes| Fingerprint::from_bytes(*bytes))
    }

    /// The key of row `i`.
    pub(super) fn key(&self, i: usize) -> Fingerprint {
        let (keys, _) = self.file.bytes()[self.keys.clone()].as_chunks::<{ Fingerprint::BYTES }>();
        Fingerprint::from_bytes(keys[i])
    }

    /// Copies row `i` as f32 into `out [D_in]`.
    pub(super) fn copy_row(&self, i: usize, dtype: StoreDtype, out: &mut [f32]) {
        let width = out.len() * dtype.bytes();
        let row = &self.file.bytes()[self.features.clone()][i * width..(i + 1) * width];
        match dtype {
            StoreDtype::F32 => convert::<4>(row, out, f32::from_le_bytes),
            StoreDtype::F16 => convert::<2>(row, out, |b| f16::from_le_bytes(b).to_f32()),
            StoreDtype::Bf16 => convert::<2>(row, out, |b| bf16::from_le_bytes(b).to_f32()),
        }
    }

    /// Hashes the file and refuses bytes that are not those of its name.
    pub(super) fn verify(&self) -> Result<()> {
        let found = Fingerprint::of(self.file.bytes());
        if found == self.name {
            return Ok(());
        }
        Err(self.file.fault(format!(
            "has the content {}, its name says another: it is damaged; remove it and extract again",
            found.short()
        )))
    }

    /// All bytes of the file.
    pub(super) fn bytes(&self) -> &[u8] {
        self.file.bytes()
    }
}

/// The shards in `dir` in the order of their names, each with its path, opened or refused.
pub(super) fn open_all(
    dir: &Path,
    kind: ShardKind,
) -> Result<Vec<(std::path::PathBuf, Result<MappedShard>)>> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(Error::io("read", dir))? {
        let path = entry.map_err(Error::io("read", dir))?.path();
        if path.extension().is_some_and(|e| e == EXTENSION) {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths
        .into_iter()
        .map(|path| {
            let shard = MappedShard::open(&path, kind);
            (path, shard)
        })
        .collect())
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
