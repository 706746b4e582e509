//! A backbone as a list of operations, for other programs to run.
//!
//! ```text
//! Architecture + Weights ──► Graph ──► (mdfe-export) TorchScript, ONNX
//! ```
//!
//! Each family says once, beside its tower, which operations it is made of (`emit`); what writes them to a file knows nothing of
//! families. Operations are few, work on f32, and are in row-major order. Every axis has a fixed length but the batch, which is
//! always the first and stands in a shape as [`BATCH`].
//!
//! ```
//! # fn main() -> mdfe_model::Result<()> {
//! use mdfe_model::graph::{BATCH, Graph, Op};
//! let mut graph = Graph::new([8, 8]);
//! let pooled = graph.mean(graph.pixels(), 2)?;
//! let output = graph.mean(pooled, 2)?;
//! graph.set_output(output);
//! assert_eq!(graph.shape(output), [BATCH, 3]);
//! assert!(matches!(graph.node(output).op, Op::Mean { axis: 2, .. }));
//! # Ok(())
//! # }
//! ```

mod blocks;
mod build;
mod shapes;

pub(crate) use blocks::{emit_maybe, tokens_of_map};

use crate::ops::Activation;
use candle_core::Tensor;
use std::fmt::Display;

/// The length of the batch axis in a shape: no axis of a network is empty, so that 0 is free to stand for it.
pub const BATCH: usize = 0;

/// What one operation gives, by its place in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Value(usize);

impl Value {
    /// Its place in the list.
    pub fn index(self) -> usize {
        self.0
    }
}

/// A tensor of a [`Graph`], by its place in [`Graph::constants`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConstantId(usize);

impl ConstantId {
    /// Its place in [`Graph::constants`].
    pub fn index(self) -> usize {
        self.0
    }
}

/// A tensor with its name.
#[derive(Clone, Debug)]
pub struct Constant {
    /// Where it belongs, as `blocks.0.attention.qkv.weight`; no two are alike.
    pub name: String,
    /// The values, f32 on the CPU.
    pub tensor: Tensor,
}

/// One operation.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Op {
    /// The images, normalised: `[B, 3, H, W]`.
    Pixels,
    /// A tensor.
    Constant(ConstantId),
    /// A convolution over `[B, C, H, W]`; `weight [out, C / groups, k, k]`, `bias [out]`.
    Conv {
        /// The images.
        x: Value,
        /// The kernel.
        weight: ConstantId,
        /// What is added to each channel.
        bias: ConstantId,
        /// How it moves.
        window: ConvWindow,
    },
    /// `x [.., K] · weightᵀ + bias`; `weight [N, K]`, `bias [N]`.
    Linear {
        /// The rows.
        x: Value,
        /// The matrix.
        weight: ConstantId,
        /// What is added to each row.
        bias: Option<ConstantId>,
    },
    /// `(x - mean) / sqrt(var + eps) · weight + bias` over the last axis.
    LayerNorm {
        /// The rows.
        x: Value,
        /// `[D]`.
        weight: ConstantId,
        /// `[D]`.
        bias: ConstantId,
        /// What is added to the variance.
        eps: f64,
    },
    /// A nonlinearity.
    Activate(Value, Activation),
    /// `max(x, 0)`.
    Relu(Value),
    /// The softmax over the last axis.
    Softmax(Value),
    /// The product of the last two axes; the others are broadcast.
    MatMul(Value, Value),
    /// The sum, broadcast.
    Add(Value, Value),
    /// The product of each two elements, broadcast.
    Mul(Value, Value),
    /// Each element times one number.
    Scale(Value, f64),
    /// The same elements in the node's shape.
    Reshape(Value),
    /// The axes in another order; the batch stays the first.
    Permute(Value, Vec<usize>),
    /// Places `start..start + count` of an axis.
    Slice {
        /// What is cut.
        x: Value,
        /// Which axis, never the batch.
        axis: usize,
        /// The first place.
        start: usize,
        /// How many places.
        count: usize,
    },
    /// Values one behind the other along an axis.
    Concat(Vec<Value>, usize),
    /// The mean over an axis, which is gone.
    Mean {
        /// What is averaged.
        x: Value,
        /// Which axis, never the batch.
        axis: usize,
    },
    /// `[1, ..]` once for each image: `[B, ..]`.
    PerImage(Value),
    /// Zeros behind the last place of an axis, up to the node's shape.
    PadEnd {
        /// What is padded.
        x: Value,
        /// Which axis, never the batch.
        axis: usize,
    },
    /// Rows of unit length: `x / max(|x|, 1e-12)` over the last axis.
    Normalize(Value),
}

impl Op {
    /// The values that it reads, in order.
    pub fn inputs(&self) -> Vec<Value> {
        match self {
            Self::Pixels | Self::Constant(_) => Vec::new(),
            Self::Concat(values, _) => values.clone(),
            Self::MatMul(a, b) | Self::Add(a, b) | Self::Mul(a, b) => vec![*a, *b],
            Self::Conv { x, .. }
            | Self::Linear { x, .. }
            | Self::LayerNorm { x, .. }
            | Self::Slice { x, .. }
            | Self::Mean { x, .. }
            | Self::PadEnd { x, .. }
            | Self::Activate(x, _)
            | Self::Relu(x)
            | Self::Softmax(x)
            | Self::Scale(x, _)
            | Self::Reshape(x)
            | Self::Permute(x, _)
            | Self::PerImage(x)
            | Self::Normalize(x) => vec![*x],
        }
    }
}

/// How the kernel of a convolution moves over an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvWindow {
    /// Pixels from one output to the next.
    pub stride: usize,
    /// Zeros above the image.
    pub top: usize,
    /// Zeros left of it.
    pub left: usize,
    /// Zeros below it.
    pub bottom: usize,
    /// Zeros right of it.
    pub right: usize,
    /// 1, or as many as there are channels.
    pub groups: usize,
}

impl ConvWindow {
    /// Every place is seen once: a stride as large as the kernel, no padding.
    pub fn patches(side: usize) -> Self {
        Self { stride: side, top: 0, left: 0, bottom: 0, right: 0, groups: 1 }
    }

    /// A stride of 1 and as many zeros on each side.
    pub fn padded(by: usize) -> Self {
        Self { stride: 1, top: by, left: by, bottom: by, right: by, groups: 1 }
    }
}

/// An operation with the shape of what it gives.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// The operation.
    pub op: Op,
    /// Its lengths, [`BATCH`] for the batch.
    pub shape: Vec<usize>,
}

/// What of a backbone becomes a graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GraphOptions {
    /// Height and width of the images in pixels; positions are resampled to them.
    pub size: [usize; 2],
    /// Whether to keep the model's own output projection.
    pub proj_layer: bool,
}

/// A list of operations, each over values that stand before it.
#[derive(Clone, Debug)]
pub struct Graph {
    nodes: Vec<Node>,
    constants: Vec<Constant>,
    scope: Vec<String>,
    output: Value,
}

impl Graph {
    /// A graph over images of height and width `size`, which gives the images themselves until [`Graph::set_output`].
    pub fn new(size: [usize; 2]) -> Self {
        let pixels = Node { op: Op::Pixels, shape: vec![BATCH, 3, size[0], size[1]] };
        Self { nodes: vec![pixels], constants: Vec::new(), scope: Vec::new(), output: Value(0) }
    }

    /// The images.
    pub fn pixels(&self) -> Value {
        Value(0)
    }

    /// What the graph gives.
    pub fn output(&self) -> Value {
        self.output
    }

    /// Says what the graph gives.
    pub fn set_output(&mut self, output: Value) {
        self.output = output;
    }

    /// The operations in order, each with what it gives.
    pub fn nodes(&self) -> impl Iterator<Item = (Value, &Node)> {
        self.nodes.iter().enumerate().map(|(i, node)| (Value(i), node))
    }

    /// The operation that gives `value`.
    pub fn node(&self, value: Value) -> &Node {
        &self.nodes[value.0]
    }

    /// The shape of `value`.
    pub fn shape(&self, value: Value) -> &[usize] {
        &self.node(value).shape
    }

    /// Every tensor, in the order in which they were added.
    pub fn constants(&self) -> &[Constant] {
        &self.constants
    }

    /// One of them.
    pub fn constant(&self, id: ConstantId) -> &Constant {
        &self.constants[id.0]
    }

    /// Adds what `f` adds, the names of its tensors below `name`.
    ///
    /// # Errors
    /// Those of `f`.
    pub fn within<T>(
        &mut self,
        name: impl Display,
        f: impl FnOnce(&mut Self) -> crate::Result<T>,
    ) -> crate::Result<T> {
        self.scope.push(name.to_string());
        let result = f(self);
        self.scope.pop();
        result
    }
}
