//! MATLAB 5 files (`.mat`, "Level 5 MAT-file format"): variables as values.
//!
//! Reads what development kits hold: numbers, text, struct and cell arrays, compressed or not, of either byte order.
//! A hostile file ends in an error: sizes are checked against the bytes that are there, decompression stops at
//! [`MAX_INFLATED`], nesting at [`MAX_DEPTH`].

mod element;
mod matrix;

use crate::{Error, Result};
use element::{Elements, Kind};
use std::{io::Read, path::Path};

/// A variable may decompress to this many bytes; the annotations of Stanford Cars take about 3 MB.
const MAX_INFLATED: u64 = 32 << 20;
/// Arrays may hold arrays this deep.
const MAX_DEPTH: usize = 8;
/// Text, subsystem offset, version and byte order.
const HEADER: usize = 128;

/// What a variable holds. Shapes of arrays are flattened in MATLAB's order, first axis fastest.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    /// Any numeric or logical array.
    Numbers(Vec<f64>),
    /// A char array.
    Text(String),
    /// A struct array: each element holds a value per field.
    Struct {
        /// Field names.
        fields: Vec<String>,
        /// `[elements][fields]`.
        elements: Vec<Vec<Value>>,
    },
    /// A cell array.
    Cells(Vec<Value>),
    /// Sparse arrays, objects and functions, which no data set here uses.
    Other,
}

impl Value {
    /// The number of an array of one, also inside cells of one.
    pub(crate) fn number(&self) -> Option<f64> {
        match self {
            Self::Numbers(v) => <[f64; 1]>::try_from(v.as_slice()).ok().map(|[n]| n),
            Self::Cells(v) if v.len() == 1 => v[0].number(),
            _ => None,
        }
    }

    /// The text of a char array, also inside cells of one.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(t) => Some(t),
            Self::Cells(v) if v.len() == 1 => v[0].text(),
            _ => None,
        }
    }
}

/// Reads the variables of a file in `bytes`, which were read from `path`, in their order.
///
/// # Errors
/// [`Error::Malformed`] says what does not fit.
pub(crate) fn read(path: &Path, bytes: &[u8]) -> Result<Vec<(String, Value)>> {
    variables(bytes).map_err(|reason| Error::Malformed { path: path.to_path_buf(), line: None, reason })
}

/// Faults inside this module: one sentence, the file is added by [`read`].
type Parsed<T> = std::result::Result<T, String>;

fn variables(bytes: &[u8]) -> Parsed<Vec<(String, Value)>> {
    let big_endian = match bytes.get(126..HEADER) {
        Some(b"IM") => false,
        Some(b"MI") => true,
        _ => return Err("is no MATLAB 5 file; save it with `-v7` or earlier, not `-v7.3`".to_owned()),
    };
    let mut found = Vec::new();
    let mut elements = Elements::new(&bytes[HEADER..], big_endian);
    while let Some(element) = elements.next()? {
        match element.kind {
            Kind::Matrix => found.push(matrix::parse(element.data, big_endian, 0)?),
            Kind::Compressed => {
                let inflated = inflate(element.data)?;
                let mut inner = Elements::new(&inflated, big_endian);
                while let Some(element) = inner.next()? {
                    if element.kind == Kind::Matrix {
                        found.push(matrix::parse(element.data, big_endian, 0)?);
                    }
                }
            }
            // Anything else at the top level holds no variable.
            _ => {}
        }
    }
    Ok(found)
}

fn inflate(data: &[u8]) -> Parsed<Vec<u8>> {
    let mut inflated = Vec::new();
    let mut decoder = flate2::read::ZlibDecoder::new(data).take(MAX_INFLATED + 1);
    decoder.read_to_end(&mut inflated).map_err(|e| format!("a variable cannot be decompressed: {e}"))?;
    if inflated.len() as u64 > MAX_INFLATED {
        return Err(format!("a variable decompresses to more than {MAX_INFLATED} bytes"));
    }
    Ok(inflated)
}

#[cfg(test)]
mod tests;
