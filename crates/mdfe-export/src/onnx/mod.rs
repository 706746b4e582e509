//! ONNX files of opset 18, from the wire format of protocol buffers.
//!
//! ```text
//! image u8 [B, 3, H, W] ─ resize.rs ─┐
//!                                    ├─ operations.rs ─► embedding f32 [B, D]
//! pixels f32 [B, 3, h, w] ───────────┘
//! ```
//!
//! A file of protocol buffers holds at most 2 GiB: the tensors of a larger model lie beside it, in `FILE.data`.

mod execute;
mod nodes;
mod operations;
mod read;
mod resize;
mod wire;

use crate::{
    Input, Model, Result,
    tensor::{f16_bytes, f32_bytes},
};
use candle_core::Tensor;
pub use execute::run_onnx;
use mdfe_data::files::{WriteOptions, write_with};
use mdfe_model::graph::Op;
use nodes::Nodes;
use operations::{Operations, constant_name};
use std::{
    collections::BTreeSet,
    io::{self, Write},
    path::{Path, PathBuf},
};
use wire::{Attribute, Axis, Message, Type, tensor_head, value_info};

/// `ModelProto.ir_version` that came with opset 18.
const IR_VERSION: i64 = 8;
const OPSET: i64 = 18;

/// The name of the normalised pixels, whether they come in or are made by the resize.
const PIXELS: &str = "pixels";

/// How an ONNX file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OnnxOptions {
    /// Whether weights and operations are f16; input and output stay what they are, and the length of an embedding is computed in
    /// f32. Default: false, f32.
    pub half: bool,
    /// Bytes of tensors from which on they lie in a file beside. Default: 1.5 GiB.
    pub inside: u64,
}

impl Default for OnnxOptions {
    fn default() -> Self {
        Self { half: false, inside: 3 << 29 }
    }
}

/// Writes `model` to `path` and, where it is large, its tensors to `path` with `.data` behind. Returns the files.
///
/// # Errors
/// [`crate::Error::Data`] when a file cannot be written.
pub fn write_onnx(model: &Model, path: &Path, options: OnnxOptions) -> Result<Vec<PathBuf>> {
    let file = File::new(model, options);
    let mut written = Vec::new();
    let mut data_name = None;
    if file.tensors.iter().map(|t| t.bytes as u64).sum::<u64>() > options.inside {
        let mut name = path.file_name().unwrap_or_default().to_os_string();
        name.push(".data");
        let data = path.with_file_name(&name);
        write_with(&data, &WriteOptions::default(), |out| {
            file.tensors.iter().try_for_each(|tensor| out.write_all(&tensor.values(file.of)?))
        })?;
        data_name = Some(name.to_string_lossy().into_owned());
        written.push(data);
    }
    write_with(path, &WriteOptions::default(), |out| file.write(model, data_name.as_deref(), out))?;
    written.insert(0, path.to_path_buf());
    Ok(written)
}

/// A tensor of the graph as the file has it.
struct Stored {
    name: String,
    tensor: Tensor,
    bytes: usize,
}

impl Stored {
    fn values(&self, of: Type) -> io::Result<Vec<u8>> {
        match of {
            Type::Half => f16_bytes(&self.tensor),
            _ => f32_bytes(&self.tensor),
        }
        .map_err(io::Error::other)
    }
}

/// Everything that is written.
struct File {
    nodes: Nodes,
    tensors: Vec<Stored>,
    of: Type,
}

impl File {
    fn new(model: &Model, options: OnnxOptions) -> Self {
        let of = if options.half { Type::Half } else { Type::Float };
        let mut nodes = Nodes::default();
        let mut pixels = match model.input {
            Input::Image => resize::add(&mut nodes, &model.record),
            Input::Pixels => PIXELS.to_owned(),
        };
        if options.half {
            pixels = nodes.add_with("Cast", &[&pixels], &[("to", Attribute::Int(Type::Half as i64))]);
        }
        Operations { graph: &model.graph, nodes: &mut nodes, of, pixels }.add_all();
        Self { nodes, tensors: stored(model, of), of }
    }

    fn write(&self, model: &Model, data: Option<&str>, out: &mut dyn Write) -> io::Result<()> {
        let mut graph =
            self.nodes.nodes.iter().fold(Message::default(), |graph, node| graph.message(1, node));
        graph = self.nodes.tensors.iter().fold(graph.text(2, "mdfe"), |graph, t| graph.message(5, t));
        let free = Axis::Free;
        graph = graph.message(
            11,
            &match model.input {
                Input::Image => {
                    let axes = [free("batch"), Axis::Length(3), free("height"), free("width")];
                    value_info("image", Type::Byte, &axes)
                }
                Input::Pixels => {
                    let [height, width] = model.record.size.map(Axis::Length);
                    value_info(PIXELS, Type::Float, &[free("batch"), Axis::Length(3), height, width])
                }
            },
        );
        let axes = [free("batch"), Axis::Length(model.dim())];
        graph = graph.message(12, &value_info("embedding", Type::Float, &axes));

        let heads: Vec<Message> = self.heads(data);
        let inside = |tensor: &Stored| if data.is_some() { 0 } else { tensor.bytes };
        let tensors: usize = self.tensors.iter().zip(&heads).map(|(t, head)| head.0.len() + inside(t)).sum();
        let about = Message::default().text(1, "mdfe").text(2, &model.about.to_string());
        let opset = Message::default().text(1, "").integer(2, OPSET);
        let mut start = Message::default()
            .integer(1, IR_VERSION)
            .text(2, "mdfe")
            .text(3, env!("CARGO_PKG_VERSION"))
            .message(8, &opset)
            .message(14, &about);
        start.head(7, graph.0.len() + tensors);
        out.write_all(&start.0)?;
        out.write_all(&graph.0)?;
        for (tensor, head) in self.tensors.iter().zip(&heads) {
            out.write_all(&head.0)?;
            if data.is_none() {
                out.write_all(&tensor.values(self.of)?)?;
            }
        }
        Ok(())
    }

    /// What stands before the values of each tensor, as a field of the graph: the whole of it where they lie in the file `data`.
    fn heads(&self, data: Option<&str>) -> Vec<Message> {
        let mut offset = 0;
        let mut out = Vec::new();
        for tensor in &self.tensors {
            let mut inner = tensor_head(&tensor.name, self.of, tensor.tensor.dims());
            match data {
                Some(file) => {
                    let (place, length) = (offset.to_string(), tensor.bytes.to_string());
                    for (key, value) in [("location", file), ("offset", &place), ("length", &length)] {
                        inner = inner.message(13, &Message::default().text(1, key).text(2, value));
                    }
                    inner = inner.integer(14, 1);
                    offset += tensor.bytes;
                }
                None => inner.head(9, tensor.bytes),
            }
            let values = if data.is_some() { 0 } else { tensor.bytes };
            let mut head = Message::default();
            head.head(5, inner.0.len() + values);
            head.0.extend(inner.0);
            out.push(head);
        }
        out
    }
}

/// The tensors of the graph, those of linear layers transposed.
fn stored(model: &Model, of: Type) -> Vec<Stored> {
    let (mut matrices, mut others) = (BTreeSet::new(), BTreeSet::new());
    for (_, node) in model.graph.nodes() {
        match &node.op {
            Op::Linear { weight, bias, .. } => {
                matrices.insert(*weight);
                others.extend(*bias);
            }
            Op::Conv { weight, bias, .. } | Op::LayerNorm { weight, bias, .. } => {
                others.extend([*weight, *bias]);
            }
            Op::Constant(id) => {
                others.insert(*id);
            }
            _ => {}
        }
    }
    let size = if of == Type::Half { 2 } else { 4 };
    let all = others.into_iter().map(|id| (id, false)).chain(matrices.into_iter().map(|id| (id, true)));
    all.map(|(id, transposed)| {
        let tensor = &model.graph.constant(id).tensor;
        let bytes = tensor.elem_count() * size;
        // A view; the values are put in order when they are written. Every matrix has two axes, which always transpose.
        let tensor = if transposed { tensor.t().unwrap_or_else(|_| tensor.clone()) } else { tensor.clone() };
        Stored { name: constant_name(&model.graph, id, transposed), tensor, bytes }
    })
    .collect()
}

#[cfg(test)]
mod tests;
