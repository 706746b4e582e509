//! The array itself: its header and its values.

use crate::{Error, Result};
use std::{
    fs::File,
    io::{BufReader, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

const MAGIC: &[u8] = b"\x93NUMPY";
/// Rows that are in memory at once.
const CHUNK: usize = 1024;
/// A header longer than this is none.
const MAX_HEADER: usize = 1 << 16;

/// The bytes in front of the values: padded so that they start at a multiple of 64.
pub(super) fn header(rows: usize, dim: usize) -> Vec<u8> {
    let mut text = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {dim}), }}");
    let front = MAGIC.len() + 4;
    let whole = (front + text.len() + 1).next_multiple_of(64);
    text.push_str(&" ".repeat(whole - front - text.len() - 1));
    text.push('\n');
    let mut out = MAGIC.to_vec();
    out.extend([1, 0]);
    out.extend((text.len() as u16).to_le_bytes());
    out.extend(text.as_bytes());
    out
}

/// An array on disk.
#[derive(Debug)]
pub(in crate::embeddings) struct Array {
    pub(super) path: PathBuf,
    pub(super) rows: usize,
    pub(super) dim: usize,
    /// Where the values start.
    start: u64,
    number: Number,
}

/// The type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Number {
    F16,
    F32,
    F64,
}

impl Number {
    const ALL: [(&'static str, Self); 3] = [("<f2", Self::F16), ("<f4", Self::F32), ("<f8", Self::F64)];

    fn bytes(self) -> usize {
        match self {
            Self::F16 => 2,
            Self::F32 => 4,
            Self::F64 => 8,
        }
    }

    fn read(self, bytes: &[u8], out: &mut Vec<f32>) {
        out.clear();
        match self {
            Self::F16 => {
                out.extend(bytes.as_chunks::<2>().0.iter().map(|b| half::f16::from_le_bytes(*b).to_f32()));
            }
            Self::F32 => out.extend(bytes.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b))),
            Self::F64 => out.extend(bytes.as_chunks::<8>().0.iter().map(|b| f64::from_le_bytes(*b) as f32)),
        }
    }
}

impl Array {
    /// Reads the header and checks the length.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let bad = |reason: String| Error::Malformed { path: path.to_path_buf(), line: None, reason };
        let mut file = File::open(path).map_err(Error::io("open", path))?;
        let short = |_| bad("is not a whole .npy file: its header is cut off".into());
        let mut front = [0; 8];
        file.read_exact(&mut front).map_err(short)?;
        if !front.starts_with(MAGIC) {
            return Err(bad("is no .npy file: it does not begin with \\x93NUMPY".into()));
        }
        let mut length = [0; 4];
        let width = if front[6] == 1 { 2 } else { 4 };
        file.read_exact(&mut length[..width]).map_err(short)?;
        let length = u32::from_le_bytes(length) as usize;
        if length > MAX_HEADER {
            return Err(bad(format!("has a header of {length} bytes, which no array of embeddings has")));
        }
        let mut text = vec![0; length];
        file.read_exact(&mut text).map_err(short)?;
        let text = String::from_utf8_lossy(&text);
        let header = Header::parse(&text).map_err(bad)?;
        let start = (front.len() + width + length) as u64;
        let size = file.metadata().map_err(Error::io("read", path))?.len();
        let Header { rows, dim, number } = header;
        let values = rows.checked_mul(dim).and_then(|n| n.checked_mul(number.bytes()));
        match values {
            Some(values) if size == start + values as u64 => {}
            _ => {
                let got = size.saturating_sub(start);
                return Err(bad(format!(
                    "holds {got} bytes of values where its header speaks of [{rows}, {dim}]"
                )));
            }
        }
        Ok(Self { path: path.to_path_buf(), rows, dim, start, number })
    }

    /// Hands every row to `sink`, some at a time.
    pub(in crate::embeddings) fn each(&self, sink: &mut dyn FnMut(&[f32]) -> Result<()>) -> Result<()> {
        let mut file = File::open(&self.path).map_err(Error::io("open", &self.path))?;
        file.seek(SeekFrom::Start(self.start)).map_err(Error::io("read", &self.path))?;
        let mut reader = BufReader::new(file);
        let (mut bytes, mut values) = (Vec::new(), Vec::new());
        let mut left = self.rows;
        while left > 0 {
            let rows = left.min(CHUNK);
            bytes.resize(rows * self.dim * self.number.bytes(), 0);
            reader.read_exact(&mut bytes).map_err(Error::io("read", &self.path))?;
            self.number.read(&bytes, &mut values);
            sink(&values)?;
            left -= rows;
        }
        Ok(())
    }
}

/// What the header's dictionary says.
struct Header {
    rows: usize,
    dim: usize,
    number: Number,
}

impl Header {
    fn parse(text: &str) -> std::result::Result<Self, String> {
        let value = |key: &str| {
            let at = text.find(&format!("'{key}'")).ok_or_else(|| format!("has no `{key}` in its header"))?;
            let rest = text[at..].split_once(':').map_or("", |(_, rest)| rest.trim_start());
            Ok::<_, String>(rest)
        };
        let descr = value("descr")?;
        let known = |(name, number): (&str, Number)| {
            descr.strip_prefix(['\'', '"']).is_some_and(|d| d.starts_with(name)).then_some(number)
        };
        let number = Number::ALL.into_iter().find_map(known).ok_or_else(|| {
            let found = descr.split(',').next().unwrap_or_default();
            format!("holds values of the type {found}; save little-endian floats (f2, f4, f8), such as .astype('float32')")
        })?;
        if value("fortran_order")?.starts_with("True") {
            return Err("is in Fortran order; save numpy.ascontiguousarray of it".to_owned());
        }
        let shape = value("shape")?;
        let inner = shape.strip_prefix('(').and_then(|s| s.split_once(')')).map_or("", |(inner, _)| inner);
        let sides: Vec<Option<usize>> =
            inner.split(',').map(str::trim).filter(|s| !s.is_empty()).map(|s| s.parse().ok()).collect();
        match sides[..] {
            [Some(rows), Some(dim)] if dim > 0 => Ok(Self { rows, dim, number }),
            _ => Err(format!("has the shape ({inner}), expected (N, D)")),
        }
    }
}
