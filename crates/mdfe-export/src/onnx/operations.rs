//! The operations of a graph as nodes of opset 18.

use super::{
    nodes::{Name, Nodes},
    wire::{Attribute, Type},
};
use half::f16;
use mdfe_model::{
    Activation,
    graph::{BATCH, ConstantId, ConvWindow, Graph, Node, Op, Value},
};

/// Writes the operations of `graph`.
pub(super) struct Operations<'a> {
    pub(super) graph: &'a Graph,
    pub(super) nodes: &'a mut Nodes,
    /// f32 or f16: what the graph computes in.
    pub(super) of: Type,
    /// The name of the pixels, in `of`.
    pub(super) pixels: Name,
}

/// The name of a tensor of the graph: that of a matrix is its transpose, as `MatMul` takes it.
pub(super) fn constant_name(graph: &Graph, id: ConstantId, transposed: bool) -> Name {
    let name = &graph.constant(id).name;
    if transposed { format!("{name}.transposed") } else { name.clone() }
}

fn ints(values: &[usize]) -> Attribute {
    Attribute::Ints(values.iter().map(|value| *value as i64).collect())
}

impl Operations<'_> {
    /// Adds every node; the last gives `embedding`, in f32.
    pub(super) fn add_all(&mut self) {
        let graph = self.graph;
        for (value, node) in graph.nodes() {
            self.add(value, node);
        }
        let output = self.name(graph.output());
        self.nodes.named("Identity", &[&output], &[], "embedding");
    }

    fn name(&self, value: Value) -> Name {
        match &self.graph.node(value).op {
            Op::Pixels => self.pixels.clone(),
            Op::Constant(id) => constant_name(self.graph, *id, false),
            _ => format!("v{}", value.index()),
        }
    }

    /// One number of the graph's type.
    fn number(&mut self, value: f64) -> Name {
        match self.of {
            Type::Half => self.nodes.tensor(Type::Half, &[], &f16::from_f64(value).to_le_bytes()),
            _ => self.nodes.tensor(Type::Float, &[], &(value as f32).to_le_bytes()),
        }
    }

    fn add(&mut self, value: Value, node: &Node) {
        let out = self.name(value);
        match &node.op {
            Op::Pixels | Op::Constant(_) => {}
            Op::Conv { x, weight, bias, window } => {
                let ConvWindow { stride, top, left, bottom, right, groups } = *window;
                let attributes = [
                    ("strides", ints(&[stride, stride])),
                    ("pads", ints(&[top, left, bottom, right])),
                    ("group", Attribute::Int(groups as i64)),
                ];
                let [weight, bias] = [*weight, *bias].map(|id| constant_name(self.graph, id, false));
                self.nodes.named("Conv", &[&self.name(*x), &weight, &bias], &attributes, &out);
            }
            Op::Linear { x, weight, bias } => {
                let weight = constant_name(self.graph, *weight, true);
                let inputs = [self.name(*x), weight];
                match bias {
                    None => self.named("MatMul", &inputs, &out),
                    Some(bias) => {
                        let product = self.nodes.add("MatMul", &[&inputs[0], &inputs[1]]);
                        let bias = constant_name(self.graph, *bias, false);
                        self.named("Add", &[product, bias], &out);
                    }
                }
            }
            Op::LayerNorm { x, weight, bias, eps } => {
                let attributes = [("axis", Attribute::Int(-1)), ("epsilon", Attribute::Float(*eps as f32))];
                let [weight, bias] = [*weight, *bias].map(|id| constant_name(self.graph, id, false));
                self.nodes.named("LayerNormalization", &[&self.name(*x), &weight, &bias], &attributes, &out);
            }
            Op::Activate(x, act) => self.activate(*x, *act, &out),
            Op::Relu(x) => self.named("Relu", &[self.name(*x)], &out),
            Op::Softmax(x) => {
                self.nodes.named("Softmax", &[&self.name(*x)], &[("axis", Attribute::Int(-1))], &out);
            }
            Op::MatMul(a, b) => self.named("MatMul", &[self.name(*a), self.name(*b)], &out),
            Op::Add(a, b) => self.named("Add", &[self.name(*a), self.name(*b)], &out),
            Op::Mul(a, b) => self.named("Mul", &[self.name(*a), self.name(*b)], &out),
            Op::Scale(x, factor) => {
                let factor = self.number(*factor);
                self.named("Mul", &[self.name(*x), factor], &out);
            }
            Op::Reshape(x) => {
                let shape: Vec<i64> =
                    node.shape.iter().map(|n| if *n == BATCH { -1 } else { *n as i64 }).collect();
                let shape = self.nodes.ints(&shape);
                self.named("Reshape", &[self.name(*x), shape], &out);
            }
            Op::Permute(x, axes) => {
                self.nodes.named("Transpose", &[&self.name(*x)], &[("perm", ints(axes))], &out);
            }
            Op::Slice { x, axis, start, count } => {
                let [start, end, axis] =
                    [*start, start + count, *axis].map(|place| self.nodes.ints(&[place as i64]));
                self.named("Slice", &[self.name(*x), start, end, axis], &out);
            }
            Op::Concat(values, axis) => {
                let values: Vec<Name> = values.iter().map(|value| self.name(*value)).collect();
                let values: Vec<&str> = values.iter().map(String::as_str).collect();
                self.nodes.named("Concat", &values, &[("axis", Attribute::Int(*axis as i64))], &out);
            }
            Op::Mean { x, axis } => {
                let axis = self.nodes.ints(&[*axis as i64]);
                let attributes = [("keepdims", Attribute::Int(0))];
                self.nodes.named("ReduceMean", &[&self.name(*x), &axis], &attributes, &out);
            }
            Op::PerImage(x) => {
                let whole = [("start", Attribute::Int(0)), ("end", Attribute::Int(1))];
                let batch = self.nodes.add_with("Shape", &[&self.pixels], &whole);
                let rest: Vec<i64> = node.shape[1..].iter().map(|n| *n as i64).collect();
                let rest = self.nodes.ints(&rest);
                let shape = self.nodes.add_with("Concat", &[&batch, &rest], &[("axis", Attribute::Int(0))]);
                self.named("Expand", &[self.name(*x), shape], &out);
            }
            Op::PadEnd { x, axis } => {
                let rank = node.shape.len();
                let mut pads = vec![0; 2 * rank];
                pads[rank + axis] = (node.shape[*axis] - self.graph.shape(*x)[*axis]) as i64;
                let pads = self.nodes.ints(&pads);
                self.named("Pad", &[self.name(*x), pads], &out);
            }
            Op::Normalize(x) => self.normalize(*x, &out),
            // A kind of operation that this release does not write cannot come from a graph of the same release.
            other => self.named(&format!("Unknown{other:?}"), &[], &out),
        }
    }

    fn named(&mut self, op: &str, inputs: &[Name], out: &str) {
        let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
        self.nodes.named(op, &inputs, &[], out);
    }

    /// `x / max(|x|, 1e-12)` in f32, whatever the graph computes in: f16 has no 1e-12, and squares leave its range.
    fn normalize(&mut self, x: Value, out: &str) {
        let mut x = self.name(x);
        if self.of == Type::Half {
            x = self.nodes.add_with("Cast", &[&x], &[("to", Attribute::Int(Type::Float as i64))]);
        }
        let axis = self.nodes.ints(&[-1]);
        let length = self.nodes.add("ReduceL2", &[&x, &axis]);
        let least = self.nodes.tensor(Type::Float, &[], &1e-12f32.to_le_bytes());
        let length = self.nodes.add("Max", &[&length, &least]);
        self.named("Div", &[x, length], out);
    }

    /// Opset 18 has neither GELU nor SiLU.
    fn activate(&mut self, x: Value, act: Activation, out: &str) {
        let x = self.name(x);
        match act {
            Activation::Gelu => {
                let (root, one, half) =
                    (self.number(std::f64::consts::FRAC_1_SQRT_2), self.number(1.0), self.number(0.5));
                let erf = self.nodes.add("Mul", &[&x, &root]);
                let erf = self.nodes.add("Erf", &[&erf]);
                let sum = self.nodes.add("Add", &[&erf, &one]);
                let product = self.nodes.add("Mul", &[&x, &sum]);
                self.named("Mul", &[product, half], out);
            }
            Activation::GeluTanh => {
                let (cubic, root) = (self.number(0.044715), self.number((2.0 / std::f64::consts::PI).sqrt()));
                let (one, half) = (self.number(1.0), self.number(0.5));
                let square = self.nodes.add("Mul", &[&x, &x]);
                let cube = self.nodes.add("Mul", &[&square, &x]);
                let cube = self.nodes.add("Mul", &[&cube, &cubic]);
                let inner = self.nodes.add("Add", &[&x, &cube]);
                let inner = self.nodes.add("Mul", &[&inner, &root]);
                let tanh = self.nodes.add("Tanh", &[&inner]);
                let sum = self.nodes.add("Add", &[&tanh, &one]);
                let product = self.nodes.add("Mul", &[&x, &sum]);
                self.named("Mul", &[product, half], out);
            }
            Activation::QuickGelu => {
                let factor = self.number(1.702);
                let inner = self.nodes.add("Mul", &[&x, &factor]);
                let gate = self.nodes.add("Sigmoid", &[&inner]);
                self.named("Mul", &[x, gate], out);
            }
            Activation::Silu => {
                let gate = self.nodes.add("Sigmoid", &[&x]);
                self.named("Mul", &[x, gate], out);
            }
            Activation::Relu6 => {
                let (low, high) = (self.number(0.0), self.number(6.0));
                self.named("Clip", &[x, low, high], out);
            }
        }
    }
}
