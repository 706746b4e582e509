//! The source of the module's class: one method, an operation a line.

use super::resize;
use crate::{Input, Model};
use candle_core::Tensor;
use mdfe_model::{
    Activation,
    graph::{BATCH, ConstantId, ConvWindow, Graph, Node, Op, Value},
};
use std::fmt::Write;

/// Name of the module's class, in the module `__torch__`.
pub(super) const CLASS: &str = "Embedder";

/// An attribute of the module.
pub(super) struct Attribute {
    /// A Python name.
    pub(super) name: String,
    pub(super) tensor: Tensor,
}

/// The tensors of the module: the graph's, in order, and those that images are normalised with.
pub(super) fn attributes(model: &Model) -> Vec<Attribute> {
    let of_graph = model.graph.constants().iter();
    let own = of_graph.map(|c| Attribute { name: python(&c.name), tensor: c.tensor.clone() });
    own.collect()
}

/// A dotted name as one word.
fn python(name: &str) -> String {
    name.replace('.', "_")
}

/// The text of `code/__torch__.py`.
pub(super) fn source(model: &Model, attributes: &[Attribute]) -> String {
    let names: String = attributes.iter().map(|a| format!("\"{}\", ", a.name)).collect();
    let types: String = attributes.iter().map(|a| format!("  {} : Tensor\n", a.name)).collect();
    let input = match model.input {
        Input::Image => "image",
        Input::Pixels => "pixels",
    };
    let body = match model.input {
        Input::Image => resize::body(&model.record),
        Input::Pixels => String::new(),
    };
    let body = body + &operations(&model.graph);
    let functions = match model.input {
        Input::Image => resize::functions(model.record.interpolation),
        Input::Pixels => String::new(),
    };
    format!(
        "class {CLASS}(Module):\n  __parameters__ = [{names}]\n  __buffers__ = []\n{types}  training : bool\n  \
         _is_full_backward_hook : Optional[bool]\n  def forward(self: __torch__.{CLASS},\n    {input}: Tensor) -> Tensor:\n\
         {body}{functions}"
    )
}

/// The lines of the graph, from the variable `pixels` on.
fn operations(graph: &Graph) -> String {
    let mut out = String::new();
    for (value, node) in graph.nodes() {
        let line = Line { graph, node }.expression();
        // Writing to a String cannot fail.
        let _ = writeln!(out, "    {} = {line}", name(value));
    }
    let _ = writeln!(out, "    return {}", name(graph.output()));
    out
}

fn name(value: Value) -> String {
    format!("v{}", value.index())
}

/// `[1, 2, 3]`, the batch as -1.
fn list(values: impl IntoIterator<Item = usize>) -> String {
    let written = |value: usize| if value == BATCH { "-1".to_owned() } else { value.to_string() };
    format!("[{}]", values.into_iter().map(written).collect::<Vec<_>>().join(", "))
}

/// `[0, 2, 1]`: numbers that may be 0.
fn axes(values: &[usize]) -> String {
    format!("{values:?}")
}

struct Line<'a> {
    graph: &'a Graph,
    node: &'a Node,
}

impl Line<'_> {
    fn constant(&self, id: ConstantId) -> String {
        format!("self.{}", python(&self.graph.constant(id).name))
    }

    fn expression(&self) -> String {
        match &self.node.op {
            // In whatever the weights are: `.half()` works on a loaded module.
            Op::Pixels => match self.graph.constants().first() {
                Some(first) => format!("torch.to(pixels, ops.prim.dtype(self.{}))", python(&first.name)),
                None => "pixels".to_owned(),
            },
            Op::Constant(id) => self.constant(*id),
            Op::Conv { x, weight, bias, window } => self.conv(*x, [*weight, *bias], *window),
            Op::Linear { x, weight, bias } => {
                let bias = bias.map_or_else(|| "None".to_owned(), |bias| self.constant(bias));
                format!("torch.linear({}, {}, {bias})", name(*x), self.constant(*weight))
            }
            Op::LayerNorm { x, weight, bias, eps } => {
                let width = list(self.node.shape.last().copied());
                let (weight, bias) = (self.constant(*weight), self.constant(*bias));
                format!("torch.layer_norm({}, {width}, {weight}, {bias}, {eps:?}, True)", name(*x))
            }
            Op::Activate(x, act) => activate(&name(*x), *act),
            Op::Relu(x) => format!("torch.relu({})", name(*x)),
            Op::Softmax(x) => format!("torch.softmax({}, -1)", name(*x)),
            Op::MatMul(a, b) => format!("torch.matmul({}, {})", name(*a), name(*b)),
            Op::Add(a, b) => format!("torch.add({}, {})", name(*a), name(*b)),
            Op::Mul(a, b) => format!("torch.mul({}, {})", name(*a), name(*b)),
            Op::Scale(x, factor) => format!("torch.mul({}, {factor:?})", name(*x)),
            Op::Reshape(x) => {
                format!("torch.reshape({}, {})", name(*x), list(self.node.shape.iter().copied()))
            }
            Op::Permute(x, order) => format!("torch.permute({}, {})", name(*x), axes(order)),
            Op::Slice { x, axis, start, count } => {
                format!("torch.slice({}, {axis}, {start}, {}, 1)", name(*x), start + count)
            }
            Op::Concat(values, axis) => {
                let values: Vec<String> = values.iter().map(|value| name(*value)).collect();
                format!("torch.cat([{}], {axis})", values.join(", "))
            }
            Op::Mean { x, axis } => format!("torch.mean({}, [{axis}])", name(*x)),
            Op::PerImage(x) => {
                let rest: Vec<String> = self.node.shape[1..].iter().map(|_| "-1".to_owned()).collect();
                format!("torch.expand({}, [torch.size(pixels, 0), {}])", name(*x), rest.join(", "))
            }
            Op::PadEnd { x, axis } => {
                let from = self.graph.shape(*x);
                // From the last axis on: zeros before and behind.
                let pairs = (*axis..from.len()).rev().map(|i| format!("0, {}", self.node.shape[i] - from[i]));
                let pairs = pairs.collect::<Vec<_>>().join(", ");
                format!("torch.constant_pad_nd({}, [{pairs}], 0)", name(*x))
            }
            Op::Normalize(x) => {
                let x = format!("torch.to({}, 6)", name(*x));
                format!("torch.div({x}, torch.clamp_min(torch.norm({x}, 2, [-1], True), 1e-12))")
            }
            // A kind of operation that this release does not write cannot come from a graph of the same release.
            other => format!("unknown_{other:?}"),
        }
    }

    fn conv(&self, x: Value, [weight, bias]: [ConstantId; 2], window: ConvWindow) -> String {
        let ConvWindow { stride, top, left, bottom, right, groups } = window;
        let (weight, bias) = (self.constant(weight), self.constant(bias));
        // A convolution of PyTorch has the same padding on both sides.
        let (x, down, across) = if top == bottom && left == right {
            (name(x), top, left)
        } else {
            let pads = axes(&[left, right, top, bottom]);
            (format!("torch.constant_pad_nd({}, {pads}, 0)", name(x)), 0, 0)
        };
        format!(
            "torch.conv2d({x}, {weight}, {bias}, [{stride}, {stride}], [{down}, {across}], [1, 1], {groups})"
        )
    }
}

fn activate(x: &str, act: Activation) -> String {
    match act {
        Activation::Gelu => format!("torch.gelu({x})"),
        // PyTorch 1.11 has no `approximate`.
        Activation::GeluTanh => {
            let inner = format!("torch.add({x}, torch.mul(torch.mul(torch.mul({x}, {x}), {x}), 0.044715))");
            let tanh = format!("torch.tanh(torch.mul({inner}, 0.7978845608028654))");
            format!("torch.mul(torch.mul({x}, 0.5), torch.add({tanh}, 1.0))")
        }
        Activation::QuickGelu => format!("torch.mul({x}, torch.sigmoid(torch.mul({x}, 1.702)))"),
        Activation::Silu => format!("torch.silu({x})"),
        Activation::Relu6 => format!("torch.clamp({x}, 0.0, 6.0)"),
    }
}
