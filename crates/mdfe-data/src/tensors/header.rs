//! The header of a file whose tensors are known before their values.

use safetensors::Dtype;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Name, dtype and shape of a tensor that is about to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorShape {
    /// The key.
    pub name: String,
    /// The type of a value; whole bytes only.
    pub dtype: Dtype,
    /// The shape.
    pub shape: Vec<usize>,
}

impl TensorShape {
    /// A tensor of this name, dtype and shape.
    pub fn new(name: impl Into<String>, dtype: Dtype, shape: impl Into<Vec<usize>>) -> Self {
        Self { name: name.into(), dtype, shape: shape.into() }
    }

    /// Bytes of its values.
    pub fn bytes(&self) -> usize {
        self.shape.iter().product::<usize>() * self.dtype.bitsize() / 8
    }
}

/// The bytes in front of the tensors' values, which follow in the order of `tensors` without gaps.
///
/// The same arguments give the same bytes: metadata keys are in order. The header is padded so that the values start at a
/// multiple of 8; put the widest dtypes first and every tensor is aligned.
pub fn header(tensors: &[TensorShape], metadata: &BTreeMap<String, String>) -> Vec<u8> {
    let mut map = Map::new();
    if !metadata.is_empty() {
        map.insert("__metadata__".to_owned(), json!(metadata));
    }
    let mut start = 0;
    for tensor in tensors {
        let end = start + tensor.bytes();
        let dtype = serde_json::to_value(tensor.dtype).unwrap_or(Value::Null);
        map.insert(
            tensor.name.clone(),
            json!({ "dtype": dtype, "shape": tensor.shape, "data_offsets": [start, end] }),
        );
        start = end;
    }
    let mut text = Value::Object(map).to_string().into_bytes();
    text.resize(text.len().next_multiple_of(8), b' ');
    let mut out = (text.len() as u64).to_le_bytes().to_vec();
    out.extend(text);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use safetensors::SafeTensors;

    #[test]
    fn the_library_reads_a_header_written_by_hand() {
        let tensors = [
            TensorShape::new("b", Dtype::I64, [2]),
            TensorShape::new("a", Dtype::F16, [1, 3]),
            TensorShape::new("none", Dtype::U8, [0, 32]),
        ];
        let metadata = BTreeMap::from([("z".into(), "1 \"quoted\"".into()), ("y".into(), "2".into())]);
        let mut bytes = header(&tensors, &metadata);
        assert!(bytes.len().is_multiple_of(8));
        bytes.extend([1; 22]);
        let file = SafeTensors::deserialize(&bytes).unwrap();
        assert_eq!(file.tensor("a").unwrap().shape(), [1, 3]);
        assert_eq!(file.tensor("b").unwrap().data().len(), 16);
        assert_eq!(file.tensor("none").unwrap().shape(), [0, 32]);
        let (_, read) = SafeTensors::read_metadata(&bytes).unwrap();
        assert_eq!(read.metadata().as_ref().unwrap()["z"], "1 \"quoted\"");
        assert!(SafeTensors::deserialize(&bytes[..bytes.len() - 1]).is_err());
    }
}
