//! Protocol buffers as bytes, and the few messages of ONNX that a model needs (`onnx/onnx.proto`; the numbers are its fields').

/// `TensorProto.DataType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Float = 1,
    Byte = 2,
    Int64 = 7,
    Half = 10,
    Double = 11,
}

/// A message under construction.
#[derive(Clone, Default)]
pub(super) struct Message(pub(super) Vec<u8>);

impl Message {
    /// A field of an integer type.
    pub(super) fn integer(mut self, field: u32, value: i64) -> Self {
        self.tag(field, 0);
        self.varint(value as u64);
        self
    }

    /// A field of type float.
    pub(super) fn float(mut self, field: u32, value: f32) -> Self {
        self.tag(field, 5);
        self.0.extend(value.to_le_bytes());
        self
    }

    /// A field of bytes, of text or of a message.
    pub(super) fn bytes(mut self, field: u32, value: &[u8]) -> Self {
        self.head(field, value.len());
        self.0.extend_from_slice(value);
        self
    }

    /// A field of text.
    pub(super) fn text(self, field: u32, value: &str) -> Self {
        self.bytes(field, value.as_bytes())
    }

    /// A field of a message.
    pub(super) fn message(self, field: u32, value: &Message) -> Self {
        self.bytes(field, &value.0)
    }

    /// What stands before `length` bytes of a field that follow.
    pub(super) fn head(&mut self, field: u32, length: usize) {
        self.tag(field, 2);
        self.varint(length as u64);
    }

    fn tag(&mut self, field: u32, wire: u32) {
        self.varint(u64::from(field << 3 | wire));
    }

    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }
}

/// An `AttributeProto`.
pub(super) enum Attribute {
    Int(i64),
    Float(f32),
    Ints(Vec<i64>),
    Graph(Message),
}

impl Attribute {
    /// The attribute under its name.
    pub(super) fn message(&self, name: &str) -> Message {
        let message = Message::default().text(1, name);
        match self {
            Self::Float(value) => message.float(2, *value).integer(20, 1),
            Self::Int(value) => message.integer(3, *value).integer(20, 2),
            Self::Graph(graph) => message.message(6, graph).integer(20, 5),
            Self::Ints(values) => values.iter().fold(message, |m, v| m.integer(8, *v)).integer(20, 7),
        }
    }
}

/// A `TensorProto` without its values.
pub(super) fn tensor_head(name: &str, of: Type, shape: &[usize]) -> Message {
    let message = shape.iter().fold(Message::default(), |m, length| m.integer(1, *length as i64));
    message.integer(2, of as i64).text(8, name)
}

/// A `TensorProto` with its values.
pub(super) fn tensor(name: &str, of: Type, shape: &[usize], values: &[u8]) -> Message {
    tensor_head(name, of, shape).bytes(9, values)
}

/// An axis of an input or output: a length, or a name for one that is free.
pub(super) enum Axis {
    Length(usize),
    Free(&'static str),
}

/// A `ValueInfoProto`.
pub(super) fn value_info(name: &str, of: Type, axes: &[Axis]) -> Message {
    let shape = axes.iter().fold(Message::default(), |shape, axis| {
        let axis = match axis {
            Axis::Length(length) => Message::default().integer(1, *length as i64),
            Axis::Free(name) => Message::default().text(2, name),
        };
        shape.message(1, &axis)
    });
    let tensor = Message::default().integer(1, of as i64).message(2, &shape);
    Message::default().text(1, name).message(2, &Message::default().message(1, &tensor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_those_of_the_encoding_guide() {
        // protobuf.dev, "Encoding": field 1 with 150; field 2 with "testing".
        assert_eq!(Message::default().integer(1, 150).0, [0x08, 0x96, 0x01]);
        assert_eq!(Message::default().text(2, "testing").0, b"\x12\x07testing");
        // A negative integer has ten bytes.
        let minus = Message::default().integer(1, -1).0;
        assert_eq!((minus.len(), minus[10]), (11, 1));
    }
}
