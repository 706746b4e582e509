use super::*;
use crate::{Model, testing::model};
use mdfe_data::{CropMode, Interpolation};

/// The values of one field of a message: those of a message or text as bytes, an integer as its eight.
struct Fields<'a>(Vec<(u64, &'a [u8], u64)>);

fn varint(bytes: &mut &[u8]) -> u64 {
    let (mut value, mut shift) = (0, 0);
    loop {
        let byte = bytes[0];
        *bytes = &bytes[1..];
        value |= u64::from(byte & 0x7f) << shift;
        shift += 7;
        if byte < 0x80 {
            return value;
        }
    }
}

impl<'a> Fields<'a> {
    fn read(mut bytes: &'a [u8]) -> Self {
        let mut out = Vec::new();
        while !bytes.is_empty() {
            let tag = varint(&mut bytes);
            let (length, integer) = match tag & 7 {
                0 => (0, varint(&mut bytes)),
                2 => (varint(&mut bytes) as usize, 0),
                5 => (4, 0),
                other => panic!("wire type {other}"),
            };
            out.push((tag >> 3, &bytes[..length], integer));
            bytes = &bytes[length..];
        }
        Self(out)
    }

    fn bytes(&self, field: u64) -> Vec<&'a [u8]> {
        self.0.iter().filter(|(number, ..)| *number == field).map(|(_, bytes, _)| *bytes).collect()
    }

    fn texts(&self, field: u64) -> Vec<String> {
        self.bytes(field).into_iter().map(|text| String::from_utf8(text.to_vec()).unwrap()).collect()
    }

    fn integers(&self, field: u64) -> Vec<u64> {
        self.0.iter().filter(|(number, ..)| *number == field).map(|(.., integer)| *integer).collect()
    }
}

/// Every value that a node of `graph` takes is there before it, in its branches too; returns the operators.
fn check_order(graph: &[u8], outside: &BTreeSet<String>) -> Vec<String> {
    let graph = Fields::read(graph);
    let mut known = outside.clone();
    for input in graph.bytes(11) {
        known.extend(Fields::read(input).texts(1));
    }
    for tensor in graph.bytes(5) {
        let names = Fields::read(tensor).texts(8);
        assert!(known.insert(names[0].clone()), "{names:?} is there twice");
    }
    let mut operators = Vec::new();
    for node in graph.bytes(1) {
        let node = Fields::read(node);
        for input in node.texts(1) {
            assert!(known.contains(&input), "{input} is taken before it is there");
        }
        for attribute in node.bytes(5) {
            for branch in Fields::read(attribute).bytes(6) {
                operators.extend(check_order(branch, &known));
            }
        }
        for output in node.texts(2) {
            assert!(known.insert(output.clone()), "{output} is given twice");
        }
        operators.extend(node.texts(4));
    }
    for output in graph.bytes(12) {
        assert!(known.contains(&Fields::read(output).texts(1)[0]));
    }
    operators
}

fn written(model: &Model, options: OnnxOptions) -> (Vec<u8>, Vec<PathBuf>, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("model.onnx");
    let files = write_onnx(model, &path, options).unwrap();
    (std::fs::read(&path).unwrap(), files, dir)
}

/// The bytes of the graph.
fn graph_of(file: &[u8]) -> &[u8] {
    Fields::read(file).bytes(7)[0]
}

#[test]
fn every_kind_of_resize_is_in_order_and_of_known_operators() {
    for crop_mode in [CropMode::Center, CropMode::Squash, CropMode::Longest] {
        for interpolation in [Interpolation::Bilinear, Interpolation::Bicubic, Interpolation::Lanczos] {
            let (file, files, _dir) = written(&model(crop_mode, interpolation), OnnxOptions::default());
            assert_eq!(files.len(), 1);
            let operators = check_order(graph_of(&file), &BTreeSet::new());
            assert_eq!(operators.iter().filter(|op| *op == "If").count(), 1);
            assert!(!operators.iter().any(|op| op.starts_with("Unknown")), "{operators:?}");
            let model = Fields::read(&file);
            assert_eq!((model.integers(1), model.texts(2)), (vec![8], vec!["mdfe".to_owned()]));
        }
    }
}

#[test]
fn matrices_are_written_transposed_with_as_many_bytes_as_their_shape_says() {
    let model = Model { input: Input::Pixels, ..model(CropMode::Center, Interpolation::Bicubic) };
    for (half, size, code) in [(false, 4, 1), (true, 2, 10)] {
        let (file, ..) = written(&model, OnnxOptions { half, ..OnnxOptions::default() });
        let graph = Fields::read(graph_of(&file));
        let tensors: Vec<_> = graph.bytes(5).into_iter().map(Fields::read).collect();
        let matrix = tensors.iter().find(|t| t.texts(8) == ["a.b.weight.transposed"]).unwrap();
        assert_eq!((matrix.integers(1), matrix.integers(2)), (vec![48, 2], vec![code]));
        let values = matrix.bytes(9)[0];
        assert_eq!(values.len(), 96 * size);
        // weight[1, 0] = 48 is the second value of the transpose.
        let second = if half {
            half::f16::from_le_bytes([values[2], values[3]]).to_f32()
        } else {
            f32::from_le_bytes(values[4..8].try_into().unwrap())
        };
        assert_eq!(second, 48.0);
    }
}

#[test]
fn tensors_of_a_large_model_lie_beside_it() {
    let model = Model { input: Input::Pixels, ..model(CropMode::Center, Interpolation::Bicubic) };
    let (file, files, dir) = written(&model, OnnxOptions { inside: 100, ..OnnxOptions::default() });
    assert_eq!(files, [dir.path().join("model.onnx"), dir.path().join("model.onnx.data")]);
    assert_eq!(std::fs::read(&files[1]).unwrap().len(), 96 * 4);
    let graph = Fields::read(graph_of(&file));
    let tensors: Vec<_> = graph.bytes(5).into_iter().map(Fields::read).collect();
    let matrix = tensors.iter().find(|t| t.texts(8) == ["a.b.weight.transposed"]).unwrap();
    assert_eq!((matrix.integers(14), matrix.bytes(9).len()), (vec![1], 0));
    let entries: Vec<_> = matrix.bytes(13).into_iter().map(Fields::read).collect();
    let entries: Vec<_> = entries.iter().map(|e| (e.texts(1).remove(0), e.texts(2).remove(0))).collect();
    let expected = [("location", "model.onnx.data"), ("offset", "0"), ("length", "384")];
    assert_eq!(entries, expected.map(|(a, b)| (a.to_owned(), b.to_owned())));
}
