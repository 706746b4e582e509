//! An ONNX file as it lies on disk: what this crate's writer may put there, and nothing else.

use super::wire::Type;
use crate::{Error, Result};
use candle_core::{Device, Tensor};
use half::f16;
use std::{collections::HashMap, path::Path};

/// A node with one output.
pub(super) struct Read {
    pub(super) op: String,
    pub(super) inputs: Vec<String>,
    pub(super) output: String,
    pub(super) attributes: HashMap<String, Values>,
}

/// An attribute of whole numbers or of one other.
#[derive(Default)]
pub(super) struct Values {
    pub(super) ints: Vec<i64>,
    pub(super) float: f32,
}

/// The graph of a file.
pub(super) struct Contents {
    pub(super) nodes: Vec<Read>,
    /// Initializers; f16 as f32.
    pub(super) tensors: HashMap<String, Tensor>,
}

/// Reads `path` and the file of tensors beside it, where there is one.
pub(super) fn read(path: &Path) -> Result<Contents> {
    let damaged =
        |problem: &str| Error::Damaged { file: path.display().to_string(), problem: problem.to_owned() };
    let load = |path: &Path| {
        std::fs::read(path).map_err(|e| damaged(&format!("cannot read {}: {e}", path.display())))
    };
    let bytes = load(path)?;
    let not_onnx = || damaged("it is no ONNX file");
    let file = Fields::read(&bytes).ok_or_else(not_onnx)?;
    let graph = file.bytes(7).next().and_then(Fields::read).ok_or_else(not_onnx)?;
    let nodes =
        graph.bytes(1).map(node).collect::<Option<_>>().ok_or_else(|| damaged("a node cannot be read"))?;
    let mut outside: Option<Vec<u8>> = None;
    let mut tensors = HashMap::new();
    for message in graph.bytes(5) {
        let message = Fields::read(message).ok_or_else(|| damaged("a tensor cannot be read"))?;
        let name = message.text(8);
        if let Some(place) = message.place() {
            if outside.is_none() {
                outside = Some(load(&path.with_file_name(&place.file))?);
            }
            let values = outside.as_ref().and_then(|all| all.get(place.start..place.start + place.length));
            let values = values.ok_or_else(|| damaged(&format!("{} has no values of {name}", place.file)))?;
            tensors.insert(
                name.clone(),
                message
                    .tensor(values)
                    .ok_or_else(|| damaged(&format!("{name} has other values than its shape says")))?,
            );
            continue;
        }
        let values = message.bytes(9).next().unwrap_or_default();
        let tensor = message.tensor(values);
        tensors.insert(
            name.clone(),
            tensor.ok_or_else(|| damaged(&format!("{name} has other values than its shape says")))?,
        );
    }
    Ok(Contents { nodes, tensors })
}

fn node(bytes: &[u8]) -> Option<Read> {
    let fields = Fields::read(bytes)?;
    let mut attributes = HashMap::new();
    for attribute in fields.bytes(5) {
        let attribute = Fields::read(attribute)?;
        let ints = attribute.integers(3).chain(attribute.integers(8)).map(|value| value as i64).collect();
        let float =
            attribute.bytes(2).next().and_then(|bytes| bytes.try_into().ok()).map_or(0.0, f32::from_le_bytes);
        attributes.insert(attribute.text(1), Values { ints, float });
    }
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Some(Read {
        op: fields.text(4),
        inputs: fields.bytes(1).map(text).collect(),
        output: fields.text(2),
        attributes,
    })
}

/// Where the values of a tensor lie in another file.
struct Place {
    file: String,
    start: usize,
    length: usize,
}

/// The fields of a message: number, bytes of one that has a length or four bytes, integer of one that is one.
struct Fields<'a>(Vec<(u64, &'a [u8], u64)>);

impl<'a> Fields<'a> {
    fn read(mut bytes: &'a [u8]) -> Option<Self> {
        let mut out = Vec::new();
        while !bytes.is_empty() {
            let tag = varint(&mut bytes)?;
            let (length, integer) = match tag & 7 {
                0 => (0, varint(&mut bytes)?),
                2 => (usize::try_from(varint(&mut bytes)?).ok()?, 0),
                5 => (4, 0),
                _ => return None,
            };
            let (value, rest) = bytes.split_at_checked(length)?;
            out.push((tag >> 3, value, integer));
            bytes = rest;
        }
        Some(Self(out))
    }

    fn bytes(&self, field: u64) -> impl Iterator<Item = &'a [u8]> {
        self.0.iter().filter(move |(number, ..)| *number == field).map(|(_, bytes, _)| *bytes)
    }

    fn integers(&self, field: u64) -> impl Iterator<Item = u64> {
        self.0.iter().filter(move |(number, ..)| *number == field).map(|(.., integer)| *integer)
    }

    fn text(&self, field: u64) -> String {
        self.bytes(field).next().map(|bytes| String::from_utf8_lossy(bytes).into_owned()).unwrap_or_default()
    }

    /// Of a tensor: where its values lie, if elsewhere.
    fn place(&self) -> Option<Place> {
        let entries: HashMap<String, String> =
            self.bytes(13).filter_map(Fields::read).map(|entry| (entry.text(1), entry.text(2))).collect();
        let number = |key: &str| entries.get(key)?.parse().ok();
        Some(Place {
            file: entries.get("location")?.clone(),
            start: number("offset")?,
            length: number("length")?,
        })
    }

    /// Of a tensor: its values as numbers.
    fn tensor(&self, values: &[u8]) -> Option<Tensor> {
        let shape: Vec<usize> = self.integers(1).map(|length| length as usize).collect();
        let kind = self.integers(2).next()?;
        let of = |of: Type| kind == of as u64;
        let device = &Device::Cpu;
        if of(Type::Float) {
            let values = values.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes));
            Tensor::from_vec(values.collect(), shape, device).ok()
        } else if of(Type::Half) {
            let values = values.as_chunks::<2>().0.iter().map(|bytes| f16::from_le_bytes(*bytes).to_f32());
            Tensor::from_vec(values.collect(), shape, device).ok()
        } else if of(Type::Int64) {
            let values = values.as_chunks::<8>().0.iter().map(|bytes| i64::from_le_bytes(*bytes));
            Tensor::from_vec(values.collect(), shape, device).ok()
        } else {
            let values = values.as_chunks::<8>().0.iter().map(|bytes| f64::from_le_bytes(*bytes));
            Tensor::from_vec(values.collect(), shape, device).ok()
        }
    }
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if *byte < 0x80 {
            return Some(value);
        }
    }
    None
}
