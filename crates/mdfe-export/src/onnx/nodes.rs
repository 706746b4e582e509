//! A list of ONNX nodes under construction, with the small tensors that they need.

use super::wire::{Attribute, Message, Type, tensor};

/// A name of a value, as nodes pass it on.
pub(super) type Name = String;

/// Nodes in order, and small initializers.
#[derive(Default)]
pub(super) struct Nodes {
    /// `NodeProto`s.
    pub(super) nodes: Vec<Message>,
    /// `TensorProto`s.
    pub(super) tensors: Vec<Message>,
    /// What new names begin with, so that those of a branch differ from those around it.
    prefix: &'static str,
    count: usize,
}

impl Nodes {
    /// For a branch: names begin with `prefix`.
    pub(super) fn branch(prefix: &'static str) -> Self {
        Self { prefix, ..Self::default() }
    }

    /// Adds a node with one output and returns the output's name.
    pub(super) fn add(&mut self, op: &str, inputs: &[&str]) -> Name {
        self.add_with(op, inputs, &[])
    }

    /// The same with attributes.
    pub(super) fn add_with(&mut self, op: &str, inputs: &[&str], attributes: &[(&str, Attribute)]) -> Name {
        let output = format!("{}{}_{}", self.prefix, op.to_lowercase(), self.count);
        self.count += 1;
        self.named(op, inputs, attributes, &output);
        output
    }

    /// The same with the output's name given.
    pub(super) fn named(
        &mut self,
        op: &str,
        inputs: &[&str],
        attributes: &[(&str, Attribute)],
        output: &str,
    ) {
        let node = inputs.iter().fold(Message::default(), |node, input| node.text(1, input));
        let node = node.text(2, output).text(3, output).text(4, op);
        let node = attributes.iter().fold(node, |node, (name, value)| node.message(5, &value.message(name)));
        self.nodes.push(node);
    }

    /// A list of whole numbers.
    pub(super) fn ints(&mut self, values: &[i64]) -> Name {
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.tensor(Type::Int64, &[values.len()], &bytes)
    }

    /// One whole number, without an axis.
    pub(super) fn int(&mut self, value: i64) -> Name {
        self.tensor(Type::Int64, &[], &value.to_le_bytes())
    }

    /// One f64, without an axis.
    pub(super) fn double(&mut self, value: f64) -> Name {
        self.tensor(Type::Double, &[], &value.to_le_bytes())
    }

    /// A tensor of `of`.
    pub(super) fn tensor(&mut self, of: Type, shape: &[usize], bytes: &[u8]) -> Name {
        let name = format!("{}constant_{}", self.prefix, self.count);
        self.count += 1;
        self.tensors.push(tensor(&name, of, shape, bytes));
        name
    }
}
